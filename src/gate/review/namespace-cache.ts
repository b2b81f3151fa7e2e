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
  /** What is remembered of one namespace, which counts as asked for now. */
  of(namespace: string): LruCache<V>;
}

export const createNamespaceMemory = <V>(limits: NamespaceMemoryLimits): NamespaceMemory<V> => {
  const namespaces = createLruCache<LruCache<V>>({ entries: limits.namespaces });
  const of = (namespace: string): LruCache<V> => {
    const known = namespaces.get(namespace);
    if (known !== undefined) return known;
    const memory = createLruCache<V>({ entries: limits.entries });
    namespaces.set(namespace, memory);
    return memory;
  };
  return {
    get: (namespace, key) => namespaces.get(namespace)?.get(key),
    set: (namespace, key, value) => of(namespace).set(key, value),
    of,
  };
};
