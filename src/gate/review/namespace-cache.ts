import { createLruCache } from '../../concurrency/lru-cache.ts';
import type { LruCache } from '../../concurrency/lru-cache.ts';

/** How much is remembered: of so many namespaces, of each so many entries. */
export interface NamespaceMemoryLimits {
  readonly namespaces: number;
  readonly entries: number;
}

/** A map that forgets, for each namespace by itself: what one of them fills up is its own memory (R26). */
export interface NamespaceMemory<V> {
  get(namespace: string, key: string): V | undefined;
  set(namespace: string, key: string, value: V): void;
}

export const createNamespaceMemory = <V>(limits: NamespaceMemoryLimits): NamespaceMemory<V> => {
  const namespaces = createLruCache<LruCache<V>>({ entries: limits.namespaces });
  return {
    get: (namespace, key) => namespaces.get(namespace)?.get(key),
    set: (namespace, key, value) => {
      const known = namespaces.get(namespace);
      const memory = known ?? createLruCache<V>({ entries: limits.entries });
      memory.set(key, value);
      if (known === undefined) namespaces.set(namespace, memory);
    },
  };
};
