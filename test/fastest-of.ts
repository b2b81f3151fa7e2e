/**
 * Milliseconds of the fastest of some rounds, one after the other: a busy machine may hold up one of them, and what is slow by
 * itself is slow in each.
 */
export const fastestOf = async (rounds: number, work: (round: number) => unknown): Promise<number> => {
  let fastest = Infinity;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await work(round);
    fastest = Math.min(fastest, performance.now() - began);
  }
  return fastest;
};
