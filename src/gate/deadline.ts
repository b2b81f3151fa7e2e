import type { Clock } from '../concurrency/clock.ts';

/**
 * The one deadline of a review. Its AbortSignal is made only when the review has to wait, so that a review without
 * I/O needs no timer.
 */
export interface Deadline {
  /** Milliseconds left; zero or less when it has passed. */
  readonly remaining: () => number;
  /** Aborts at the deadline. Made on first use. */
  readonly signal: () => AbortSignal;
  /**
   * Called before a review waits for registries. False when waiting objects already hold too much memory, or those of
   * this namespace hold its share (R26). Absent: it may wait.
   */
  readonly mayWait?: (namespace: string) => boolean;
}

/** A deadline `budget` milliseconds from now, on the monotonic clock. */
export const deadlineAfter = (budget: number, clock: Clock): Deadline => {
  const at = clock.monotonic() + budget;
  let signal: AbortSignal | undefined;
  const remaining = (): number => at - clock.monotonic();
  return {
    remaining,
    signal: () => (signal ??= AbortSignal.timeout(Math.max(0, Math.floor(remaining())))),
  };
};
