import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';

/** Limits of the prefetch. */
export interface PrefetchLimits {
  /** At one time. */
  readonly concurrency: number;
  /** Prefetches that wait; beyond that they are dropped. */
  readonly waiting: number;
}

export interface PrefetchCounts {
  readonly running: number;
  readonly waiting: number;
  readonly dropped: number;
}

export interface PrefetchQueue {
  /**
   * Runs the work when the semaphore admits its namespace, unless the same work is already waiting or under way.
   * @param namespace - the namespace that it is for; `''` for a push, which belongs to none
   * @returns false when the queue was full and the work was dropped
   */
  add(key: string, namespace: string, work: () => Promise<void>): boolean;
  counts(): PrefetchCounts;
  /** Drops waiting work, and settles when the work under way has ended. */
  close(): Promise<void>;
}

/**
 * Background work: bounded, without duplicates, round robin over namespaces (R26). So a namespace that admits many
 * templates with slow images does not stop the prefetches of others.
 */
export const createPrefetchQueue = (
  { concurrency, waiting: maxWaiting }: PrefetchLimits,
  onBug: (error: unknown) => void,
): PrefetchQueue => {
  const places = createFairSemaphore({ places: concurrency, waiting: maxWaiting });
  const running = new Set<Promise<void>>();
  const known = new Set<string>();
  let dropped = 0;
  let closed = false;

  const run = (key: string, work: () => Promise<void>, release: () => void): void => {
    if (closed) return;
    const job: Promise<void> = Promise.resolve()
      .then(work)
      .catch(onBug)
      .finally(() => {
        running.delete(job);
        known.delete(key);
        release();
      });
    running.add(job);
  };
  return {
    add: (key, namespace, work) => {
      if (closed) return false;
      if (known.has(key)) return true;
      known.add(key);
      const lost = (): void => {
        known.delete(key);
        dropped++;
      };
      const place = places.join(
        () => [namespace],
        (release) => run(key, work, release),
        lost,
      );
      if (place !== undefined) return true;
      lost();
      return false;
    },
    counts: () => ({ running: running.size, waiting: closed ? 0 : places.waiting, dropped }),
    close: async () => {
      closed = true;
      await Promise.all(running);
    },
  };
};
