/** How much is looked at in advance. */
export interface WarmLimits {
  /** At one time. */
  readonly concurrency: number;
  /** Waiting for their turn; what comes beyond is dropped. */
  readonly waiting: number;
}

export interface WarmCounts {
  readonly running: number;
  readonly waiting: number;
  readonly dropped: number;
}

export interface WarmQueue {
  /**
   * Runs the work when its turn comes, unless the same work is already waiting or under way. @returns false: there was no
   * room, and nobody will do it
   */
  add(key: string, work: () => Promise<void>): boolean;
  counts(): WarmCounts;
  /** Forgets what waits, and settles when what is under way has ended. */
  close(): Promise<void>;
}

/** Work in the background that nobody waits for: bounded, without duplicates, oldest first. */
export const createWarmQueue = (
  { concurrency, waiting: room }: WarmLimits,
  onBug: (error: unknown) => void,
): WarmQueue => {
  const waiting: { readonly key: string; readonly work: () => Promise<void> }[] = [];
  const running = new Set<Promise<void>>();
  const known = new Set<string>();
  let dropped = 0;
  let closed = false;
  const next = (): void => {
    if (running.size >= concurrency) return;
    const first = waiting.shift();
    if (first === undefined) return;
    const job: Promise<void> = Promise.resolve()
      .then(first.work)
      .catch(onBug)
      .finally(() => {
        running.delete(job);
        known.delete(first.key);
        next();
      });
    running.add(job);
  };
  return {
    add: (key, work) => {
      if (closed) return false;
      if (known.has(key)) return true;
      if (waiting.length >= room) {
        dropped++;
        return false;
      }
      known.add(key);
      waiting.push({ key, work });
      next();
      return true;
    },
    counts: () => ({ running: running.size, waiting: waiting.length, dropped }),
    close: async () => {
      closed = true;
      waiting.splice(0);
      await Promise.all(running);
    },
  };
};
