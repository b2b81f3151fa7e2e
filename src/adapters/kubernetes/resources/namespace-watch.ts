import type { Clock } from '../../../concurrency/clock.ts';
import { absent, type Fact, known, outage, unavailable } from '../../../core/facts/fact.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import type { ApiClient } from '../client/client.ts';
import { namespacesResource } from '../client/resource.ts';
import type { WatchState, WatchTiming } from '../watch/options.ts';
import { createWatch } from '../watch/watch.ts';
import { createNamespaceLookup } from './namespaces-lookup.ts';

export interface NamespaceWatchOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly timing?: Partial<WatchTiming>;
  /** Limit of what is kept in characters, by default 64 Mi. Namespaces beyond it are looked up. */
  readonly maxCharacters?: number;
}

/** What is kept of each namespace. */
interface NamespaceContent<T> {
  /** For messages, before the name: what could not be read. */
  readonly what: string;
  readonly read: (object: JsonObject) => T;
  /** In characters. */
  readonly sizeOf: (content: T, name: string) => number;
  readonly metadataOnly: boolean;
}

export interface NamespaceWatch<T> {
  readonly get: (name: string, signal: () => AbortSignal) => Fact<T> | Promise<Fact<T>>;
  readonly start: () => void;
  readonly state: () => WatchState;
  /** How many are known. */
  readonly size: () => number;
  readonly close: () => Promise<void>;
}

interface Named<T> {
  readonly name: string;
  readonly content: T;
}

/**
 * Namespaces from a watch; what the watch does not know (yet) is looked up within the caller's signal. R3, R14: answers at
 * once what it knows, stale or not. `absent` and `unavailable` are never confused.
 */
export const createNamespaceWatch = <T>(
  { client, clock, timing = {}, maxCharacters = 64 * 1024 * 1024 }: NamespaceWatchOptions,
  { what, read, sizeOf, metadataOnly }: NamespaceContent<T>,
): NamespaceWatch<T> => {
  const cache = createNamespaceCache(maxCharacters, sizeOf);
  const lookup = createNamespaceLookup(client, clock, { read, metadataOnly });
  const watch = createWatch<Named<T>>({
    client,
    clock,
    timing,
    target: { resource: namespacesResource, metadataOnly },
    read: (object) => {
      const { name } = metadataOf(object);
      return typeof name === 'string' ? { name, content: read(object) } : undefined;
    },
    sink: {
      replace: (all) => {
        cache.clear();
        for (const one of all) cache.put(one);
      },
      upsert: (one) => cache.put(one),
      delete: ({ name }) => cache.delete(name),
    },
  });
  const look = async (name: string, signal: AbortSignal): Promise<Fact<T>> => {
    const found = await lookup.get(name, signal);
    if (found.ok) return found.value === undefined ? absent : known(found.value);
    const { why, excusable } = found.error;
    return (excusable ? outage : unavailable)(`${what} ${JSON.stringify(name)}`, why);
  };
  return {
    get: (name, signal) => {
      const content = cache.get(name);
      return content === undefined ? look(name, signal()) : known(content);
    },
    start: () => watch.start(),
    state: () => watch.state(),
    size: () => cache.size(),
    close: async () => {
      lookup.close();
      await watch.close();
    },
  };
};

/** Contents by namespace, within a budget of characters: no cluster can fill our memory with them. */
const createNamespaceCache = <T>(maxCharacters: number, sizeOf: NamespaceContent<T>['sizeOf']) => {
  const all = new Map<string, { readonly content: T; readonly size: number }>();
  let used = 0;
  const drop = (name: string): void => {
    used -= all.get(name)?.size ?? 0;
    all.delete(name);
  };
  return {
    get: (name: string) => all.get(name)?.content,
    put: ({ name, content }: Named<T>): void => {
      drop(name);
      const size = sizeOf(content, name);
      if (used + size > maxCharacters) return;
      used += size;
      all.set(name, { content, size });
    },
    delete: drop,
    clear: (): void => {
      all.clear();
      used = 0;
    },
    size: () => all.size,
  };
};
