import { sleep } from '../../../concurrency/abort.ts';
import { createBackoff } from '../../../concurrency/backoff.ts';
import { tellThrown, type ApiProblem } from '../client/problem.ts';

interface HolderLoopOptions {
  /** Only the Lease holder writes (R15). */
  readonly isHolder: () => boolean;
  /** Compares and writes once. True when everything that had to be written was written. */
  readonly round: (signal: AbortSignal) => Promise<boolean>;
  /** For messages: what failed when a round throws, which is a defect. */
  readonly what: string;
  readonly onProblem?: ((problem: ApiProblem) => void) | undefined;
  readonly onThrow?: () => void;
  /** Milliseconds before what failed is tried again; grows to 60 s. */
  readonly firstRetry?: number | undefined;
}

export interface HolderLoop {
  /** Compares again, after something changed or the Lease was gained: at once, or soon when the last round failed. */
  wake(): void;
  close(): Promise<void>;
}

/** Milliseconds between two rounds that fail, however often something changes. */
const minPause = 1_000;

/**
 * Runs rounds until one has nothing left to write. It has no queue: a round compares what is with what is wanted. A round
 * that failed is tried again, ever less often.
 */
export const createHolderLoop = (options: HolderLoopOptions): HolderLoop => {
  const closing = new AbortController();
  const backoff = createBackoff({ first: options.firstRetry ?? 500, max: 60_000 }, Math.random);
  const tell = tellThrown(options.what, options.onProblem);
  let running: Promise<void> | undefined;
  let again = false;
  let woken = new AbortController();

  const round = (): Promise<boolean> =>
    options.round(closing.signal).catch((error: unknown) => {
      options.onThrow?.();
      tell(error);
      return false;
    });
  /** What is wanted now may be written although what was wanted before could not be: that does not wait for a minute. */
  const pause = async (milliseconds: number): Promise<void> => {
    await sleep(Math.min(milliseconds, minPause), closing.signal, false);
    if (again) return;
    woken = new AbortController();
    const end = AbortSignal.any([closing.signal, woken.signal]);
    await sleep(Math.max(0, milliseconds - minPause), end, false);
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted && options.isHolder()) {
      again = false;
      const settled = await round();
      if (settled) backoff.reset();
      else await pause(backoff.next());
      if (settled && !again) break;
    }
    // In the same iteration of the event loop as the last check of `again`: a call between the two would be lost.
    running = undefined;
  };
  return {
    wake: () => {
      again = true;
      woken.abort();
      if (closing.signal.aborted || running !== undefined || !options.isHolder()) return;
      running = run();
    },
    close: async () => {
      closing.abort();
      await running;
    },
  };
};
