/** Parts of values that one evaluation may go through to compare values or to write them. */
export const maxWalked = 4 * 1024 * 1024;

export class WalkTooLong extends Error {}

/** Nobody counts outside of an evaluation. */
let most = Infinity;
let left = Infinity;

/** Runs something that may go through so many parts of values. An evaluation never waits, so there is one at a time. */
export const withWalkBound = <T>(run: () => T, bound = maxWalked): T => {
  most = bound;
  left = bound;
  try {
    return run();
  } finally {
    left = Infinity;
  }
};

/**
 * Counts what is gone through. Attack: `x1 := [x0, x0]`, `x2 := [x1, x1]` and so on cost a step each, and hold one value
 * a billion times after thirty lines.
 * @throws {WalkTooLong} when it was too much
 */
export const walk = (parts: number): void => {
  left -= parts;
  if (left < 0) throw new WalkTooLong(`values of more than ${most} parts were compared or written`);
};
