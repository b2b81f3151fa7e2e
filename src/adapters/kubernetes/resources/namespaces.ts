import type { Clock } from '../../../concurrency/clock.ts';
import { absent, type Fact, known, outage, unavailable } from '../../../core/facts/fact.ts';
import { isJsonObject, type JsonObject } from '../../../core/text/json/json.ts';
import type { Labels } from '../../../core/policy/match/label-selector.ts';
import type { NamespaceReader } from '../../../gate/ports.ts';
import type { ApiClient } from '../client/client.ts';
import { namespacesResource } from '../client/resource.ts';
import { createNamespaceLookup, type NamespaceLookup } from './namespaces-lookup.ts';
import { createWatch } from '../watch/watch.ts';
import type { WatchState, WatchTiming } from '../watch/options.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

interface NamespacesOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly timing?: Partial<WatchTiming>;
  /** Limit of kept names and labels in characters, by default 64 Mi. Namespaces beyond it are looked up. */
  readonly maxCharacters?: number;
}

/** Namespace labels from a watch; what the watch does not know (yet) is looked up within the caller's signal. */
export interface WatchedNamespaces extends NamespaceReader {
  start(): void;
  state(): WatchState;
  /** How many are known. */
  size(): number;
  close(): Promise<void>;
}

interface NamespaceLabels {
  readonly name: string;
  readonly labels: Labels;
}

/** R3, R14: answers at once what it knows, stale or not. `absent` and `unavailable` are never confused. */
export const createWatchedNamespaces = (options: NamespacesOptions): WatchedNamespaces => {
  const cache = createLabelCache(options.maxCharacters ?? 64 * 1024 * 1024);
  const lookup = createNamespaceLookup(options.client, options.clock, textLabels);
  const watch = createWatch<NamespaceLabels>({
    ...options,
    target: { resource: namespacesResource, metadataOnly: true },
    read: (object) => {
      const labels = textLabels(object);
      const { name } = metadataOf(object);
      return typeof name === 'string' ? { name, labels } : undefined;
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
  return {
    labels: (name, signal) => {
      const labels = cache.get(name);
      return labels === undefined ? look(lookup, name, signal()) : known(labels);
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

const look = async (
  lookup: NamespaceLookup<Labels>,
  name: string,
  signal: AbortSignal,
): Promise<Fact<Labels>> => {
  const found = await lookup.get(name, signal);
  if (found.ok) return found.value === undefined ? absent : known(found.value);
  const { why, excusable } = found.error;
  return (excusable ? outage : unavailable)(`labels of namespace ${JSON.stringify(name)}`, why);
};

/** The labels of a Namespace object; anything that is no text is left out. */
const textLabels = (object: JsonObject): Labels => {
  const { labels } = metadataOf(object);
  if (!isJsonObject(labels)) return noLabels;
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
};
const noLabels: Labels = Object.freeze({});

/** Labels by namespace, within a budget of characters: no cluster can fill our memory with labels. */
const createLabelCache = (maxCharacters: number) => {
  const all = new Map<string, { readonly labels: Labels; readonly size: number }>();
  let used = 0;
  const drop = (name: string): void => {
    used -= all.get(name)?.size ?? 0;
    all.delete(name);
  };
  return {
    get: (name: string) => all.get(name)?.labels,
    put: ({ name, labels }: NamespaceLabels): void => {
      drop(name);
      const size = name.length + Object.entries(labels).reduce((sum, [k, v]) => sum + k.length + v.length, 0);
      if (used + size > maxCharacters) return;
      used += size;
      all.set(name, { labels, size });
    },
    delete: drop,
    clear: (): void => {
      all.clear();
      used = 0;
    },
    size: () => all.size,
  };
};
