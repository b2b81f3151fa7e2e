/**
 * Works on all items, on at most `limit` at one time. The results are in the order of the items. The first error
 * rejects, as in a loop.
 */
export const mapLimit = async <T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const results: R[] = Array.from({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
};

/**
 * As {@link mapLimit}, with a limit of its own for each key, so that slow work under one key does not delay other
 * keys.
 */
export const mapLimitByKey = async <T, R>(
  items: readonly T[],
  keyOf: (item: T) => string,
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const groups = Map.groupBy(items.keys(), (at) => keyOf(items[at] as T));
  const results: R[] = Array.from({ length: items.length });
  const runs = [...groups.values()].map((group) =>
    mapLimit(group, limit, async (at) => {
      results[at] = await work(items[at] as T);
    }),
  );
  await Promise.all(runs);
  return results;
};
