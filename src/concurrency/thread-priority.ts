import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Lets the other threads of the process go first on a node of few cores, by the nice value of this thread alone: Linux has one
 * for each. That needs no privilege. To take it back would need one, so it lasts as long as the thread.
 * @param nice 1 to 19: at 10 a thread that competes with one that does not give way gets a tenth of a core
 */
export const giveWay = (nice: number): void => {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), nice);
  } catch {
    // Another system, or one that does not let us: it is as fast as the others then.
  }
};
