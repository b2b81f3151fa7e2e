import type { Clock } from '../../../concurrency/clock.ts';
import { createTokenBucket, waitForPermit } from '../../../concurrency/rate-limit.ts';
import { objectOf, objectsIn, textOf, textsIn, type JsonObject } from '../../../core/text/json/json.ts';
import { doorNames, type DoorName } from '../../../install/doors/door-configuration.ts';
import { askedName } from '../../../install/doors/door-rules.ts';
import { objectNames } from '../../../install/manifest.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { validatingWebhooksResource } from '../client/resource.ts';
import { createHolderLoop, type HolderLoop } from '../resources/holder-loop.ts';
import { compareWebhooks } from './compare.ts';

export type DoorConfigurations = Readonly<Record<DoorName, JsonObject>>;

interface DoorWriterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Only the Lease holder writes (R15). */
  readonly isHolder: () => boolean;
  /**
   * The two configurations, `caBundle` aside. `gate` is the configuration of the webhook of workloads, which says how the
   * API server finds the gate. `stays`: what the closed door may be asked about at most, by default all that it is to be
   * asked about. `undefined`: the constraints are not known yet.
   */
  readonly wanted: (gate: JsonObject, stays?: ReadonlySet<string>) => DoorConfigurations | undefined;
  readonly onWritten: (name: DoorName) => void;
  /** Somebody else had changed what was written: it was put back. */
  readonly onPutBack: (name: DoorName, differences: readonly string[]) => void;
  /** `undefined`: both are as they are wanted. */
  readonly onState: (problem: ApiProblem | undefined) => void;
}

const maxAttempts = 4;
const resource = validatingWebhooksResource;
const readConfiguration = (client: ApiClient, name: string, signal: AbortSignal) =>
  client.request({ verb: 'get', resource, name }, signal);

const caBundleOf = (configuration: JsonObject): string | undefined =>
  objectsIn(configuration['webhooks'])
    .map((webhook) => textOf(objectOf(webhook['clientConfig'])['caBundle']))
    .find((bundle) => bundle !== '');

/**
 * The object to be stored: nothing of it changes but its webhooks. A `caBundle` that is there stays, whoever wrote it;
 * whether it holds the CA of the gate is watched elsewhere (R13, R15).
 */
const stored = (found: JsonObject, wanted: JsonObject, gate: JsonObject): JsonObject => {
  const caBundle = caBundleOf(found) ?? caBundleOf(gate);
  const webhooks = objectsIn(wanted['webhooks']).map((webhook) => ({
    ...webhook,
    clientConfig: {
      ...objectOf(webhook['clientConfig']),
      ...(caBundle === undefined ? {} : { caBundle }),
    },
  }));
  return { ...found, webhooks };
};

/** Keeps one of the configurations. */
const createKeep = ({ client, clock, isHolder, onWritten, onPutBack }: DoorWriterOptions) => {
  // Attack on the API server: somebody who undoes every writing, for ever.
  const rate = createTokenBucket({ perSecond: 1, burst: 8 }, clock);
  /** What was written last. */
  const written = new Map<DoorName, string>();

  /** @returns what is in the way; `undefined`: it is as it is wanted */
  return async (
    name: DoorName,
    wanted: JsonObject,
    gate: JsonObject,
    signal: AbortSignal,
  ): Promise<ApiProblem | undefined> => {
    let problem: ApiProblem | undefined;
    const text = JSON.stringify(wanted);
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const found = await readConfiguration(client, name, signal);
      if (!found.ok) return found.error;
      const differences = compareWebhooks(wanted, found.value, '');
      const isWritten = written.get(name) === text;
      if (differences.length === 0) written.set(name, text);
      if (differences.length === 0) return undefined;
      if (!(await waitForPermit(rate, signal)) || !isHolder()) return undefined;
      // With its `resourceVersion`: what changes in between is never overwritten.
      const body = stored(found.value, wanted, gate);
      const answer = await client.request({ verb: 'update', resource, name, body }, signal);
      if (answer.ok) {
        written.set(name, text);
        if (isWritten) onPutBack(name, differences);
        else onWritten(name);
        return undefined;
      }
      problem = answer.error;
      if (problem.status !== 409) return problem;
    }
    return problem;
  };
};

/** What a configuration asks about, each as `OPERATION group/resource`. */
const askedBy = (configuration: JsonObject): ReadonlySet<string> =>
  new Set(
    objectsIn(configuration['webhooks'])
      .flatMap((webhook) => objectsIn(webhook['rules']))
      .flatMap(({ apiGroups, operations, resources }) =>
        textsIn(operations).flatMap((operation) =>
          textsIn(apiGroups).flatMap((group) =>
            textsIn(resources).map((resource) => askedName(operation, `${group}/${resource}`)),
          ),
        ),
      ),
  );

/** Writes the rules of both doors as constraints want them, and nothing when they are so already. */
export const createDoorWriter = (options: DoorWriterOptions): HolderLoop => {
  const { client, isHolder, onState } = options;
  const keep = createKeep(options);
  const [closedDoor, openDoor] = doorNames;
  /** The open door takes over what the closed one is about to let go of: in between it would come by neither. */
  const takeOver = async (
    gate: JsonObject,
    wanted: JsonObject,
    signal: AbortSignal,
  ): Promise<ApiProblem | undefined> => {
    const found = await readConfiguration(client, closedDoor, signal);
    if (!found.ok) return found.error;
    const asked = askedBy(found.value);
    const remaining = askedBy(wanted);
    const stays = new Set([...asked].filter((name) => remaining.has(name)));
    if (stays.size === asked.size) return undefined;
    const between = options.wanted(gate, stays);
    return between === undefined ? undefined : keep(openDoor, between[openDoor], gate, signal);
  };
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const gate = await readConfiguration(client, objectNames.gate, signal);
    if (!gate.ok) {
      if (!signal.aborted) onState(gate.error);
      return false;
    }
    const wanted = options.wanted(gate.value);
    if (wanted === undefined) return true;
    const hindrance = await takeOver(gate.value, wanted[closedDoor], signal);
    // What closes is written first: in between a request comes by both doors rather than by none.
    const problems = [hindrance];
    if (hindrance === undefined)
      for (const name of doorNames) problems.push(await keep(name, wanted[name], gate.value, signal));
    if (signal.aborted || !isHolder()) return true;
    const problem = problems.find((one) => one !== undefined);
    onState(problem);
    return problem === undefined;
  };
  return createHolderLoop({
    isHolder,
    round,
    what: 'the writing of the doors of constraints',
    onProblem: onState,
  });
};
