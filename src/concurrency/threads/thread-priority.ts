import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const taskFolder = '/proc/self/task';
/** Threads that work for all others, as Linux names them: those of libuv's pool unpack and wait for files. */
const threadsOfLibuv = 'libuv-worker';
/** These collect garbage of every thread, and compile what runs often. */
const threadsOfV8 = 'V8Worker';

/**
 * V8's threads never give way by more. At 19 a busy event loop on the same core leaves them so little that its own code stays
 * uncompiled, so it stays busy: of 300 Pods a second under thirty constraints half waited for 0.6 s, and it did not end.
 */
const maxNiceOfV8 = 14;

/** The threads of this process; none on another system than Linux. */
const tasks = (): readonly string[] => (existsSync(taskFolder) ? readdirSync(taskFolder) : []);

/** Sets the nice value of the threads of this name. One that has ended, or that already gives way by more, stays as it is. */
const lowerThreads = (name: string, nice: number): void => {
  for (const task of tasks()) {
    try {
      if (readFileSync(`${taskFolder}/${task}/comm`, 'utf8').trim() !== name) continue;
      if (getPriority(Number(task)) < nice) setPriority(Number(task), nice);
    } catch {
      // The next one may still be there.
    }
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
    lowerThreads(threadsOfLibuv, nice);
    lowerThreads(threadsOfV8, Math.min(nice, maxNiceOfV8));
  } catch {
    // Another system, or one that does not let us: it is as fast as the others then.
  }
};

/**
 * Lets the event loop go first where all threads share one core. Two to four threads of V8 look for what is alive, about 200
 * milliseconds in every three seconds of a busy gate, and the event loop gets its turn among theirs: with thirty
 * constraints and 300 Pods a second p99 was 51 to 227 ms, and is mostly 8 to 17. Where the event loop stands still until
 * something is collected, nobody helps it: to wait for threads that have no core of their own takes longer, up to 12 ms.
 * @param cores that the process may use: those of its affinity and of the CPU limit of its container
 */
export const favourEventLoop = (cores = availableParallelism()): void => {
  if (cores >= 2) return;
  lowerThreads(threadsOfV8, maxNiceOfV8);
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-concurrent-sweeping');
};
