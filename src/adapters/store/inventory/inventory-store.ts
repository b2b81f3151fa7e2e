import type { Kysely } from 'kysely';

import type { Inventory } from '../../../gate/inventory.ts';
import type { Pruned, RetentionPolicy } from '../../../gate/store.ts';
import { readHolding, readLacking, readKeptList, readListed } from './read-inventory.ts';
import type { InventorySchema } from './schema.ts';
import { removeImages, keepEntry } from './keep-entry.ts';

/** A database, and how much of it is used. */
export interface InventoryDatabase {
  readonly db: Kysely<InventorySchema>;
  readonly usedBytes: () => number | Promise<number>;
}

/** Removes some of the images that nobody has asked for longest. @returns how many */
const removeOldest = (db: Kysely<InventorySchema>, slice: number, before?: number): Promise<number> =>
  db.transaction().execute(async (within) => {
    let oldest = within.selectFrom('images').select('id').orderBy('used_at').orderBy('id').limit(slice);
    if (before !== undefined) oldest = oldest.where('used_at', '<', before);
    const images = (await oldest.execute()).map(({ id }) => id);
    if (images.length > 0) await removeImages(within, images);
    return images.length;
  });

/** Age first, then size. */
const prune = async (
  { db, usedBytes }: InventoryDatabase,
  { maxAgeMs, maxBytes, slice }: RetentionPolicy,
  now: number,
): Promise<Pruned> => {
  const aged = await removeOldest(db, slice, now - maxAgeMs);
  const left = slice - aged;
  const tooBig = left > 0 && (await usedBytes()) > maxBytes;
  const removed = aged + (tooBig ? await removeOldest(db, left) : 0);
  return { removed, more: removed >= slice };
};

/** The inventory on a database of Kysely: SQLite's, or PostgreSQL's. What goes wrong is thrown as the database throws it. */
export const createInventoryStore = (database: InventoryDatabase): Omit<Inventory, 'close'> => {
  const { db } = database;
  return {
    append: (batch) =>
      db.transaction().execute(async (within) => {
        for (const entry of batch) await keepEntry(within, entry);
      }),
    list: (...asked) => readKeptList(db, ...asked),
    listed: (after) => readListed(db, after),
    holding: (query, after) => readHolding(db, query, after),
    lacking: (cataloger, after) => readLacking(db, cataloger, after),
    prune: (policy, now) => prune(database, policy, now),
  };
};
