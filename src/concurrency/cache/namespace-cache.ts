import { createLruCache, type LruCache, type LruCacheLimits } from './lru-cache.ts';

/** So many namespaces, and so many entries of each, of so much weight where that is limited. */
interface NamespaceCacheLimits extends LruCacheLimits {
  readonly namespaces: number;
}

/** An LRU cache of its own for each namespace: what one of them fills up evicts nothing of another (R26). */
interface NamespaceCache<V> {
  get(namespace: string, key: string): V | undefined;
  set(namespace: string, key: string, value: V): void;
  /** The cache of one namespace, which counts as used now. */
  of(namespace: string): LruCache<V>;
}

export const createNamespaceCache = <V>(limits: NamespaceCacheLimits): NamespaceCache<V> => {
  const namespaces = createLruCache<LruCache<V>>({ entries: limits.namespaces });
  const of = (namespace: string): LruCache<V> => {
    const known = namespaces.get(namespace);
    if (known !== undefined) return known;
    const cache = createLruCache<V>(limits);
    namespaces.set(namespace, cache);
    return cache;
  };
  return {
    get: (namespace, key) => namespaces.get(namespace)?.get(key),
    set: (namespace, key, value) => of(namespace).set(key, value),
    of,
  };
};
