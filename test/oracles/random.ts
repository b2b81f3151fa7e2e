/** A number from 0 on, below 1. */
export type Next = () => number;

export const pick = <T>(next: Next, all: readonly T[]): T => all[Math.floor(next() * all.length)]!;

/** xorshift32: what it draws stays the same with any Node and any library. */
export const createRandom = (seed: number): Next => {
  let state = seed | 0 || 1;
  const step = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Seeds that lie beside each other begin alike.
  for (let turn = 0; turn < 16; turn++) step();
  return step;
};
