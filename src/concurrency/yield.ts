import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** Lets the event loop serve others before work that takes long. */
export interface EventLoopYield {
  /** Settles at once for few bytes; for others one after the other, each in an iteration of the event loop of its own. */
  before(bytes: number): Promise<void> | undefined;
}

/** Less than this is read within a millisecond or two. */
const small = 256 * 1024;

/**
 * Makes readers of cached content yield to the event loop. Without it an index with 16 cached manifests of 4 MiB
 * would be read in one go and delay every other review for that long (B9).
 */
export const createEventLoopYield = (): EventLoopYield => {
  let last = Promise.resolve();
  return {
    before: (bytes) => {
      if (bytes <= small) return undefined;
      last = last.then(() => nextTurn());
      return last;
    },
  };
};

/** Milliseconds that work may hold the event loop before others have their turn. */
const slice = 5;

/** For work of many parts, each of which takes little time: other work runs between two of them. */
export const createTurns = ({ monotonic }: Pick<Clock, 'monotonic'>) => {
  let end = monotonic() + slice;
  return {
    /** Awaited between two parts. */
    next: async (): Promise<void> => {
      if (monotonic() < end) return;
      await nextTurn();
      end = monotonic() + slice;
    },
  };
};
