/** Milliseconds of the first wait, and of the longest. */
interface BackoffRange {
  readonly first: number;
  readonly max: number;
}

/** The wait after so many failures, counted from 0: it doubles with each. */
export const exponentialDelay = ({ first, max }: BackoffRange, failures: number): number =>
  Math.min(max, first * 2 ** Math.min(failures, 30));

/** Growing waits between attempts. */
export interface Backoff {
  /** The next wait in milliseconds; at least `atLeast`. */
  next(atLeast?: number): number;
  reset(): void;
}

/** @param random - 0 to 1; the upper half of each wait is random, so that replicas do not retry together */
export const createBackoff = (range: BackoffRange, random: () => number): Backoff => {
  let failures = 0;
  return {
    next: (atLeast = 0) => {
      const delay = exponentialDelay(range, failures);
      failures += 1;
      return Math.max(atLeast, delay / 2 + (delay / 2) * random());
    },
    reset: () => {
      failures = 0;
    },
  };
};
