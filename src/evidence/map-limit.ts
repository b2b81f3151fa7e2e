/** Does work on every item, at most `atOnce` at one time; the results stand in the order of the items. */
export const inTurn = async <T, R>(
  items: readonly T[],
  atOnce: number,
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
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
};

/** As {@link inTurn}, with turns of its own for each lane: what is slow in one holds up no other. */
export const inLanes = async <T, R>(
  items: readonly T[],
  laneOf: (item: T) => string,
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const lanes = Map.groupBy(items.keys(), (at) => laneOf(items[at] as T));
  const results: R[] = Array.from({ length: items.length });
  const runs = [...lanes.values()].map((lane) =>
    inTurn(lane, atOnce, async (at) => {
      results[at] = await work(items[at] as T);
    }),
  );
  await Promise.all(runs);
  return results;
};
