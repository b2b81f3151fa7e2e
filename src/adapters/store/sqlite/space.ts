import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { StoreFault } from '../../../gate/store.ts';
import { pragmaNumber } from './dialect.ts';

/** How much of its file a database uses. */
export interface DatabaseSpace {
  /** @throws StoreFault when the file is not the one that was opened */
  checkFile(): void;
  /**
   * What the rows take in the file, indexes included, free pages not: the figure that a volume's limit is compared with,
   * and it costs nothing to read.
   */
  usedBytes(): number;
  /** Returns a little of the free space to the file system. @returns whether there is more to return */
  shrink(maxBytes: number): boolean;
}

/** Free pages are used again by the next rows; only above this part of the policy's size are they given back. */
export const spareShare = 1 / 16;
const vacuumBytes = 2 * 1024 * 1024;

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

export const createDatabaseSpace = (database: DatabaseSync, file: string): DatabaseSpace => {
  const inode = inodeOf(file);
  const pageSize = pragmaNumber(database, 'page_size');
  const freeBytes = (): number => pragmaNumber(database, 'freelist_count') * pageSize;
  return {
    checkFile: () => {
      // SQLite would go on writing into a deleted file, which nobody could read.
      if (inodeOf(file) !== inode)
        throw new StoreFault('unavailable', 'GONE', `${file} was removed or replaced`);
    },
    usedBytes: () => pragmaNumber(database, 'page_count') * pageSize - freeBytes(),
    shrink: (maxBytes) => {
      const spareBytes = maxBytes * spareShare;
      const free = freeBytes();
      if (free <= spareBytes) return false;
      database.exec(`PRAGMA incremental_vacuum(${vacuumBytes / pageSize})`);
      return free - vacuumBytes > spareBytes;
    },
  };
};
