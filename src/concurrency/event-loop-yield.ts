import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets the event loop go round before work that takes long. */
export interface EventLoopYield {
  /** Settles at once for little; for others one after the other, each in a turn of its own. */
  before(bytes: number): Promise<void> | undefined;
}

/** Less than this is read within a millisecond or two. */
const small = 256 * 1024;

/**
 * Content that is at hand is read without a pause: an index whose 16 manifests of 4 MiB lie in memory would be read in
 * one go, and hold up every other review as long as that takes (B9).
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
