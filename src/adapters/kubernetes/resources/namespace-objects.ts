import type { Clock } from '../../../concurrency/clock.ts';
import { absent, known, outage, unavailable, type Fact } from '../../../core/facts/fact.ts';
import { textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import type { NamespaceObjects } from '../../../gate/constraints.ts';
import type { ApiClient } from '../client/client.ts';
import { namespacesResource } from '../client/resource.ts';
import type { WatchState } from '../watch/options.ts';
import { createWatch } from '../watch/watch.ts';
import { createNamespaceLookup } from './namespaces-lookup.ts';

interface NamespaceObjectsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
}

export interface WatchedNamespaceObjects extends NamespaceObjects {
  start(): void;
  state(): WatchState;
  close(): Promise<void>;
}

/** Kept objects in characters of their JSON; those beyond it are looked up. */
const maxCharacters = 64 * 1024 * 1024;

/** As templates see it: without what the API server notes down about writers. */
const read = (object: JsonObject): JsonObject => {
  const { managedFields: _left, ...metadata } = metadataOf(object);
  return { apiVersion: 'v1', kind: 'Namespace', ...object, metadata };
};
const nameOf = (object: JsonObject): string => textOf(metadataOf(object)['name']);

/**
 * Namespace objects with all of their fields, for constraints. Stale ones stay in use; `absent` and `unavailable` are
 * never confused (R3, R14).
 */
export const createNamespaceObjects = ({
  client,
  clock,
}: NamespaceObjectsOptions): WatchedNamespaceObjects => {
  const all = new Map<string, { readonly object: JsonObject; readonly size: number }>();
  let used = 0;
  const drop = (name: string): void => {
    used -= all.get(name)?.size ?? 0;
    all.delete(name);
  };
  const put = (object: JsonObject): void => {
    const name = nameOf(object);
    drop(name);
    const size = JSON.stringify(object).length;
    if (used + size > maxCharacters) return;
    used += size;
    all.set(name, { object, size });
  };
  const lookup = createNamespaceLookup(client, clock, read, { metadataOnly: false });
  const watch = createWatch<JsonObject>({
    client,
    clock,
    target: { resource: namespacesResource },
    read,
    sink: {
      replace: (found) => {
        all.clear();
        used = 0;
        for (const one of found) put(one);
      },
      upsert: put,
      delete: (one) => drop(nameOf(one)),
    },
  });
  const look = async (name: string, signal: AbortSignal): Promise<Fact<JsonObject>> => {
    const found = await lookup.get(name, signal);
    if (found.ok) return found.value === undefined ? absent : known(found.value);
    const { why, excusable } = found.error;
    return (excusable ? outage : unavailable)(`namespace ${JSON.stringify(name)}`, why);
  };
  return {
    object: (name, signal) => {
      const held = all.get(name);
      return held === undefined ? look(name, signal()) : known(held.object);
    },
    start: () => watch.start(),
    state: () => watch.state(),
    close: async () => {
      lookup.close();
      await watch.close();
    },
  };
};
