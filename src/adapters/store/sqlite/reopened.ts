import type { DatabaseSync } from 'node:sqlite';

import { toStoreFault } from './fault.ts';

/** Faults that pass without opening the database again. */
const passing: ReadonlySet<string> = new Set(['SQLITE_FULL', 'SQLITE_BUSY']);

interface ReopenedDatabase<Opened> {
  readonly use: <T>(work: (opened: Opened) => T | Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/**
 * A database that opens itself on the first call, and anew after a fault of the file, so that it recovers when the disk
 * does. Its calls reject with a `StoreFault`, and with nothing else.
 */
export const reopenedDatabase = <Opened extends { readonly database: DatabaseSync }>(
  file: string,
  open: () => Promise<Opened>,
): ReopenedDatabase<Opened> => {
  let opened: Promise<Opened> | undefined;
  const close = async (): Promise<void> => {
    const closing = opened;
    opened = undefined;
    try {
      (await closing)?.database.close();
    } catch {
      // It never opened, or the disk is sick: closing would have emptied the log, the next opening will.
    }
  };
  return {
    use: async (work) => {
      try {
        opened ??= open();
        return await work(await opened);
      } catch (error) {
        const fault = toStoreFault(error, file);
        if (!passing.has(fault.code) && fault.kind !== 'rejected') await close();
        throw fault;
      }
    },
    close,
  };
};
