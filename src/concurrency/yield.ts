import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
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

/** As Linux names them: those of libuv's pool, which unpack, and those of V8, which collect garbage of every thread. */
const sharedThreads = new Set(['libuv-worker', 'V8Worker']);

const isShared = (task: string): boolean => {
  try {
    return sharedThreads.has(readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim());
  } catch {
    // It has ended.
    return false;
  }
};

/**
 * Lets the other threads of the process go first on a node of few cores, by the nice value of this thread alone: Linux has one
 * for each. That needs no privilege. To take it back would need one, so it lasts as long as the thread.
 * @param nice 1 to 19: a thread that competes with one that does not give way gets a tenth of a core at 10, a hundredth at 19
 * @param withShared also threads that work for all others, until the process ends: most of what they do is for this thread
 */
export const giveWay = (nice: number, { withShared = false } = {}): void => {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), nice);
    if (!withShared) return;
    for (const task of readdirSync('/proc/self/task')) if (isShared(task)) setPriority(Number(task), nice);
  } catch {
    // Another system, or one that does not let us: it is as fast as the others then.
  }
};
