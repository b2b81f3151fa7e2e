/** How much a cache holds. Past a limit, what was not used for the longest time is evicted. */
export interface LruCacheLimits {
  readonly entries: number;
  /** Sum of the weights; a value that alone is heavier is not kept. Absent: only the number counts. */
  readonly weight?: number;
}

/** A cache that evicts what was least recently used: bounded, so that names from outside cannot fill the memory. */
export interface LruCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, weight?: number): void;
  delete(key: string): void;
  readonly size: number;
  readonly weight: number;
}

interface Entry<V> {
  readonly key: string;
  value: V;
  weight: number;
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

/**
 * The order of use is a list of its own: a Map whose first entries were deleted walks over their gaps whenever it is
 * asked for its first, which made each eviction twenty times as dear.
 */
export const createLruCache = <V>(limits: LruCacheLimits): LruCache<V> => {
  const entries = new Map<string, Entry<V>>();
  const anchor = createAnchor<V>();
  const maxWeight = limits.weight ?? Infinity;
  let total = 0;

  const isOver = (): boolean => entries.size > limits.entries || total > maxWeight;
  const unlink = ({ older, newer }: Entry<V>): void => {
    older.newer = newer;
    newer.older = older;
  };
  const linkNewest = (entry: Entry<V>): void => {
    entry.older = anchor.older;
    entry.newer = anchor;
    anchor.older.newer = entry;
    anchor.older = entry;
  };
  const remove = (entry: Entry<V>): void => {
    unlink(entry);
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
        linkNewest(entry);
      }
      return entry.value;
    },
    set: (key, value, weight = 1) => {
      drop(key);
      if (weight > maxWeight) return;
      const entry: Entry<V> = { key, value, weight, older: anchor, newer: anchor };
      linkNewest(entry);
      entries.set(key, entry);
      total += weight;
      while (isOver() && anchor.newer !== anchor) remove(anchor.newer);
    },
    delete: drop,
    get size() {
      return entries.size;
    },
    get weight() {
      return total;
    },
  };
};
