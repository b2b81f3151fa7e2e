import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; returns early and quietly when the signal aborts. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal, ref: false }).then(
    () => undefined,
    () => undefined,
  );

/** Growing waits between attempts. */
export interface Backoff {
  /** The next wait in milliseconds; at least `atLeast`. */
  next(atLeast?: number): number;
  reset(): void;
}

/** Doubles from `first` to `most`; the upper half is random, so that replicas do not come back together. */
export function createBackoff(first: number, most: number, random: () => number): Backoff {
  let attempt = 0;
  return {
    next: (atLeast = 0) => {
      const ceiling = Math.min(most, first * 2 ** Math.min(attempt, 30));
      attempt += 1;
      return Math.max(atLeast, ceiling / 2 + (ceiling / 2) * random());
    },
    reset: () => {
      attempt = 0;
    },
  };
}
