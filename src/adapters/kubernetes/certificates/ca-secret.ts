import type { Clock } from '../../../concurrency/clock.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { ok, type Result } from '../../../core/result.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { secretsResource } from '../client/resource.ts';
import {
  type CaAuthorities,
  type CaContent,
  type CaMaterial,
  readCaSecret,
  writeCaSecret,
} from './ca-secret-content.ts';
import {
  planRotation,
  rotationTiming,
  type RotationStep,
  type RotationTiming,
} from './ca-secret-rotation.ts';
import { createWatch } from '../watch/watch.ts';
import type { WatchState, WatchTiming } from '../watch/options.ts';

interface CaSecretOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  /** Makes a CA (10 years). */
  readonly createCa: () => Promise<CaMaterial>;
  readonly rotation?: RotationTiming;
  readonly timing?: Partial<WatchTiming>;
  /** The authorities changed since they were first read: issue a new leaf, compare the webhooks again. */
  readonly onChange?: (authorities: CaAuthorities) => void;
  readonly onProblem?: (problem: ApiProblem) => void;
}

/** R15: one CA for all replicas, in one Secret. */
export interface CaSecret {
  /** Reads the Secret, makes it when it is missing; of many replicas that do so one wins. */
  load(signal: AbortSignal): Promise<Result<CaAuthorities, ApiProblem>>;
  authorities(): CaAuthorities | undefined;
  /** Follows what other replicas do with the Secret. */
  start(): void;
  state(): WatchState;
  /**
   * Takes the next step of a rotation, if one is due. Only the Lease holder calls it. `trusted` says whether every
   * `caBundle` contains a CA (PEM): the API server would reject a leaf of a CA that it does not trust yet.
   */
  rotate(
    trusted: (certificate: string) => boolean,
    signal: AbortSignal,
  ): Promise<Result<RotationStep, ApiProblem>>;
  close(): Promise<void>;
}

export const createCaSecret = (options: CaSecretOptions): CaSecret => {
  const { namespace, name } = options;
  const store = createStore(options);
  const rotate: CaSecret['rotate'] = async (trusted, signal) => {
    const now = await store.load(signal);
    if (!now.ok) return now;
    const timing = options.rotation ?? rotationTiming;
    const terms = { now: options.clock.now(), timing, trusted, createCa: options.createCa };
    const plan = await planRotation(now.value, terms);
    if (plan.next === undefined) return ok(plan.step);
    const written = await store.update(plan.next, now.value.resourceVersion, signal);
    return written.ok ? ok(plan.step) : written;
  };
  const watch = createWatch<JsonObject>({
    ...options,
    // With the name as selector a role that names the Secret is enough.
    target: { resource: secretsResource, namespace, fieldSelector: `metadata.name=${name}` },
    read: (object) => object,
    sink: {
      replace: (all) => {
        if (all[0] !== undefined) store.take(all[0]);
      },
      upsert: (secret) => {
        store.take(secret);
      },
      // The trusted CAs stay in use (R14); the Lease holder writes the Secret again.
      delete: () => undefined,
    },
  });
  return {
    load: store.load,
    rotate,
    authorities: store.authorities,
    start: () => watch.start(),
    state: () => watch.state(),
    close: () => watch.close(),
  };
};

const createStore = (options: CaSecretOptions) => {
  const { client, namespace, name } = options;
  const target = { resource: secretsResource, namespace, name };
  let authorities: CaAuthorities | undefined;

  const take = (secret: JsonObject): Result<CaAuthorities, ApiProblem> => {
    const read = readCaSecret(secret);
    if (!read.ok) {
      options.onProblem?.(read.error);
      return read;
    }
    const changed = authorities !== undefined && read.value.text !== authorities.text;
    authorities = read.value;
    if (changed) options.onChange?.(authorities);
    return read;
  };
  const takeAnswer = (answer: Result<JsonObject, ApiProblem>): Result<CaAuthorities, ApiProblem> =>
    answer.ok ? take(answer.value) : answer;
  const get = (signal: AbortSignal) => client.request({ ...target, verb: 'get' }, signal);

  const load = async (signal: AbortSignal): Promise<Result<CaAuthorities, ApiProblem>> => {
    const found = await get(signal);
    if (found.ok || found.error.status !== 404) return takeAnswer(found);
    // The Secret was deleted while the gate runs. Write the CA that the API server trusts again.
    const content = authorities ?? { current: await options.createCa() };
    const body = writeCaSecret({ name, namespace }, content);
    const created = await client.request(
      { verb: 'create', resource: secretsResource, namespace, body },
      signal,
    );
    const lost = !created.ok && created.error.status === 409;
    return takeAnswer(lost ? await get(signal) : created);
  };
  const update = async (content: CaContent, resourceVersion: string | undefined, signal: AbortSignal) => {
    const body = writeCaSecret({ name, namespace, resourceVersion }, content);
    return takeAnswer(await client.request({ ...target, verb: 'update', body }, signal));
  };
  return { take, load, update, authorities: () => authorities };
};
