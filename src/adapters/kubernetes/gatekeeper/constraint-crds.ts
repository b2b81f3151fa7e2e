import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { metadataOf, objectName } from '../../../core/workload/object-metadata.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { customResourceDefinitionsResource } from '../client/resource.ts';
import { createHolderLoop, type HolderLoop } from '../resources/holder-loop.ts';

/** The CRD of the constraints of a template. */
export interface WantedCrd {
  /** The kind of the constraints. */
  readonly kind: string;
  readonly object: JsonObject;
}

interface ConstraintCrdsOptions {
  readonly client: ApiClient;
  /** Only the Lease holder writes (R15). */
  readonly isHolder: () => boolean;
  readonly wanted: () => readonly WantedCrd[];
  /** A CRD was made or changed. */
  readonly onMade: (kind: string) => void;
  readonly onProblem: (problem: ApiProblem) => void;
}

export interface ConstraintCrds extends HolderLoop {
  /** The CRD of a kind is not there: look again. */
  missing(kind: string): void;
}

/** Whether an object says all that is wanted; the API server adds defaults. Lists are whole. */
const says = (found: JsonValue | undefined, wanted: JsonValue | undefined): boolean => {
  if (isJsonObject(wanted))
    return isJsonObject(found) && Object.entries(wanted).every(([name, one]) => says(found[name], one));
  if (!Array.isArray(wanted)) return Object.is(found, wanted);
  const list = wanted as readonly JsonValue[];
  return (
    Array.isArray(found) &&
    found.length === list.length &&
    list.every((one, at) => says((found as readonly JsonValue[])[at], one))
  );
};

/** The CRD as it is to be stored: what others wrote beside it stays. */
const merged = (found: JsonObject, wanted: JsonObject): JsonObject => {
  const metadata = metadataOf(found);
  const { labels, ownerReferences } = metadataOf(wanted);
  return {
    ...found,
    metadata: {
      ...metadata,
      labels: { ...objectOf(metadata['labels']), ...objectOf(labels) },
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    spec: wanted['spec'] ?? {},
  };
};

/** Keeps the CRDs of constraints as their templates have them. It writes only what differs. */
export const createConstraintCrds = (options: ConstraintCrdsOptions): ConstraintCrds => {
  const { client, wanted, onMade, onProblem } = options;
  const resource = customResourceDefinitionsResource;
  /** What was found or written last, by kind. */
  const done = new Map<string, string>();

  const write = async ({ kind, object }: WantedCrd, signal: AbortSignal): Promise<boolean> => {
    const name = objectName(object);
    const found = await client.request({ verb: 'get', resource, name }, signal);
    if (found.ok && says(found.value, object)) return true;
    if (!found.ok && found.error.status !== 404) {
      onProblem(found.error);
      return false;
    }
    const answer = await client.request(
      found.ok
        ? { verb: 'update', resource, name, body: merged(found.value, object) }
        : { verb: 'create', resource, body: object },
      signal,
    );
    if (answer.ok) {
      onMade(kind);
      return true;
    }
    // Somebody else was faster: the next round sees it.
    if (answer.error.status !== 409 && !signal.aborted) onProblem(answer.error);
    return false;
  };

  const round = async (signal: AbortSignal): Promise<boolean> => {
    let settled = true;
    for (const one of wanted()) {
      const text = JSON.stringify(one.object);
      if (done.get(one.kind) === text) continue;
      if (signal.aborted || !options.isHolder()) return true;
      if (await write(one, signal)) done.set(one.kind, text);
      else settled = false;
    }
    return settled;
  };
  const loop = createHolderLoop({
    isHolder: options.isHolder,
    round,
    what: 'the writing of CRDs',
    onProblem,
  });
  return {
    ...loop,
    missing: (kind) => {
      if (done.delete(kind)) loop.wake();
    },
  };
};
