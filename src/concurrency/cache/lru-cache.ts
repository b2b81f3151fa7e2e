/** Limits of a cache. Beyond a limit the least recently used entry is evicted. */
export interface LruCacheLimits {
  readonly entries: number;
  /** Limit of the sum of the weights. A value that alone is heavier is not kept. Absent: only the number counts. */
  readonly weight?: number;
}

/** A bounded cache that evicts the least recently used entry, so that names from outside cannot fill the memory. */
export interface LruCache<V> {
  get(key: string): V | undefined;
  /** Whether it is there, which is no use of it. */
  has(key: string): boolean;
  set(key: string, value: V, weight?: number): void;
  delete(key: string): void;
  /** What was not used for the longest time. */
  oldest(): { readonly key: string; readonly value: V } | undefined;
  readonly size: number;
  readonly weight: number;
}

interface Entry<V> {
  readonly key: string;
  readonly value: V;
  readonly weight: number;
  older: Entry<V>;
  newer: Entry<V>;
}

/** A ring: `newer` of the anchor is the oldest entry, `older` of it the newest. */
const createAnchor = <V>(): Entry<V> => {
  const anchor = { key: '', value: undefined as V, weight: 0 } as Entry<V>;
  anchor.older = anchor;
  anchor.newer = anchor;
  return anchor;
};

const unlink = <V>({ older, newer }: Entry<V>): void => {
  older.newer = newer;
  newer.older = older;
};
const linkNewest = <V>(anchor: Entry<V>, entry: Entry<V>): void => {
  entry.older = anchor.older;
  entry.newer = anchor;
  anchor.older.newer = entry;
  anchor.older = entry;
};

/**
 * The order of use is a list of its own. A Map whose first entries were deleted goes over their gaps to find its
 * first entry, which made each eviction twenty times as slow.
 * @param onEvict - called with each evicted value, and with each value that was too heavy to be kept
 */
export const createLruCache = <V>(limits: LruCacheLimits, onEvict?: (key: string) => void): LruCache<V> => {
  const entries = new Map<string, Entry<V>>();
  const anchor = createAnchor<V>();
  const maxWeight = limits.weight ?? Infinity;
  let total = 0;

  const isOver = (): boolean => entries.size > limits.entries || total > maxWeight;
  const remove = (entry: Entry<V>): void => {
    unlink(entry);
    // Else a removed entry that is old keeps young ones alive: the garbage collector looks for dead ones among the young first.
    entry.older = entry;
    entry.newer = entry;
    entries.delete(entry.key);
    total -= entry.weight;
  };
  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry !== undefined) remove(entry);
  };

  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry !== anchor.older) {
        unlink(entry);
        linkNewest(anchor, entry);
      }
      return entry.value;
    },
    set: (key, value, weight = 1) => {
      drop(key);
      if (weight > maxWeight) {
        onEvict?.(key);
        return;
      }
      const entry: Entry<V> = { key, value, weight, older: anchor, newer: anchor };
      linkNewest(anchor, entry);
      entries.set(key, entry);
      total += weight;
      while (isOver() && anchor.newer !== anchor) {
        const oldest = anchor.newer;
        remove(oldest);
        onEvict?.(oldest.key);
      }
    },
    has: (key) => entries.has(key),
    delete: drop,
    oldest: () => (anchor.newer === anchor ? undefined : anchor.newer),
    get size() {
      return entries.size;
    },
    get weight() {
      return total;
    },
  };
};
