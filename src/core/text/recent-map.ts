/** How much a map remembers. Past a bound, what was not asked for the longest time goes first. */
export interface RecentMapLimits {
  readonly entries: number;
  /** Sum of the weights; a value that alone is heavier is not kept. Absent: only the number counts. */
  readonly weight?: number;
}

/** A map that forgets: bounded, so that names from outside cannot fill the memory. */
export interface RecentMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, weight?: number): void;
  delete(key: string): void;
  readonly size: number;
  readonly weight: number;
}

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}

export const createRecentMap = <V>(limits: RecentMapLimits): RecentMap<V> => {
  // A Map keeps the order of insertion: whatever is asked for is put in again, so the first is the oldest.
  const entries = new Map<string, Entry<V>>();
  const most = limits.weight ?? Infinity;
  let total = 0;
  const remove = (key: string): void => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value, weight = 1) => {
      remove(key);
      if (weight > most) return;
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (entries.size <= limits.entries && total <= most) break;
        remove(oldest);
      }
    },
    delete: remove,
    get size() {
      return entries.size;
    },
    get weight() {
      return total;
    },
  };
};
