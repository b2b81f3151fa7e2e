import type { Clock } from '../clock.ts';
import { createLruCache, type LruCache, type LruCacheLimits } from './lru-cache.ts';

/** An LRU cache whose entries expire. When one is added, expired ones at the end of the order are removed. */
interface TtlCache<V> extends Pick<LruCache<V>, 'get' | 'delete' | 'size'> {
  /** @param ttl - milliseconds; none are kept for 0 */
  set(key: string, value: V, ttl: number, weight?: number): void;
}

export const createTtlCache = <V>(limits: LruCacheLimits, clock: Pick<Clock, 'monotonic'>): TtlCache<V> => {
  const entries = createLruCache<{ readonly value: V; readonly until: number }>(limits);
  return {
    get: (key) => {
      const found = entries.get(key);
      if (found === undefined || found.until > clock.monotonic()) return found?.value;
      entries.delete(key);
      return undefined;
    },
    set: (key, value, ttl, weight) => {
      const now = clock.monotonic();
      if (ttl > 0) entries.set(key, { value, until: now + ttl }, weight);
      else entries.delete(key);
      for (let old = entries.oldest(); old !== undefined && old.value.until <= now; old = entries.oldest())
        entries.delete(old.key);
    },
    get size() {
      return entries.size;
    },
    delete: (key) => entries.delete(key),
  };
};
