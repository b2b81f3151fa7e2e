import type { Clock } from '../concurrency/clock.ts';

/**
 * The one deadline of a review. Its AbortSignal is made only when somebody has to wait: a review that needs
 * no I/O pays for no timer.
 */
export interface Deadline {
  /** Milliseconds left; zero or less when it has passed. */
  readonly remaining: () => number;
  /** Aborts at the deadline. Made on first use. */
  readonly signal: () => AbortSignal;
  /**
   * Asked before a review waits for registries: false when objects that wait hold too much memory already, or those of
   * this namespace hold its share (R26). Absent: it may.
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
