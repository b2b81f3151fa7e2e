import type { Clock } from '../../../concurrency/clock.ts';
import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import { createNamespaceCache } from '../../../concurrency/cache/namespace-cache.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiResource } from '../client/resource.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

/** The object that an Event is about. A refused CREATE has no uid. */
export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

export interface OwnerLookup {
  /** The workload above `owner`; `owner` itself when nothing is known above it. Never fails. */
  topOf(owner: InvolvedObject, signal: AbortSignal): Promise<InvolvedObject>;
}

/** Owners that usually have an owner of their own, and that our role may read. */
const ownerResources: Readonly<Record<string, ApiResource>> = {
  'apps/v1 ReplicaSet': { group: 'apps', version: 'v1', resource: 'replicasets' },
  'batch/v1 Job': { group: 'batch', version: 'v1', resource: 'jobs' },
};
const maxDepth = 4;
const maxRemembered = { namespaces: 256, entries: 128 };
/** What could not be read is asked for again sooner. */
const maxAge = { found: 10 * 60_000, failed: 60_000 };

/**
 * Walks Pod -> ReplicaSet -> Deployment and Job -> CronJob, since the owner of a workload reads the Events of the
 * workload.
 */
export const createOwnerLookup = (client: ApiClient, clock: Clock): OwnerLookup => {
  const cache = createNamespaceCache<{ readonly top: InvolvedObject; readonly until: number }>(maxRemembered);
  return {
    topOf: async (owner, signal) => {
      const { namespace = '', apiVersion, kind, name, uid } = owner;
      // R28: the author of an object can write any owner reference. With a key of the uid alone, a tenant who names
      // the uid of a foreign ReplicaSet would decide in which namespace the denials of that ReplicaSet appear.
      const key = JSON.stringify([apiVersion, kind, name, uid]);
      const cached = cache.get(namespace, key);
      if (cached !== undefined && cached.until > clock.monotonic()) return cached.top;
      const { top, complete } = await findController(client, owner, signal);
      cache.set(namespace, key, {
        top,
        until: clock.monotonic() + (complete ? maxAge.found : maxAge.failed),
      });
      return top;
    },
  };
};

const findController = async (
  client: ApiClient,
  from: InvolvedObject,
  signal: AbortSignal,
): Promise<{ readonly top: InvolvedObject; readonly complete: boolean }> => {
  let top = from;
  for (let depth = 0; depth < maxDepth; depth++) {
    const resource = ownerResources[`${top.apiVersion} ${top.kind}`];
    if (resource === undefined || top.namespace === undefined) return { top, complete: true };
    const { namespace, name } = top;
    const answer = await client.request(
      { verb: 'get', resource, namespace, name, metadataOnly: true },
      signal,
    );
    if (!answer.ok) return { top, complete: answer.error.status === 404 };
    // The author of an object can write any owner reference. Only one with the right uid is followed.
    if (metadataOf(answer.value)['uid'] !== top.uid) return { top, complete: true };
    const next = controllerOf(answer.value, namespace);
    if (next === undefined) return { top, complete: true };
    top = next;
  }
  return { top, complete: true };
};

/** Group and version of an object are the longest text that names it: 253 and 63 characters. */
const maxTextLength = 320;

/**
 * Whether this may name an object. Attack: the API server bounds no text of an owner reference, notes and their keys are
 * kept, and a few hundred refused Pods whose owners have names of a megabyte ended the gate for want of memory.
 */
export const isShort = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= maxTextLength;

/** The owner reference with `controller: true`, in the object's namespace; undefined when there is none. */
export const controllerOf = (
  object: JsonObject | null,
  namespace: string | undefined,
): InvolvedObject | undefined => {
  const references: unknown = object === null ? undefined : metadataOf(object)['ownerReferences'];
  if (!Array.isArray(references) || namespace === undefined) return undefined;
  const reference = (references as readonly unknown[])
    .filter(isJsonObject)
    .find((one) => one['controller'] === true);
  if (reference === undefined) return undefined;
  const { apiVersion, kind, name, uid } = reference;
  if (![apiVersion, kind, name, uid].every((text) => isShort(text) && text !== '')) return undefined;
  return { apiVersion, kind, name, uid, namespace } as InvolvedObject;
};
