import type { DatabaseSync } from 'node:sqlite';

import { kyselyOn } from '../sqlite/dialect.ts';
import { openDatabase, type OpenOptions } from '../sqlite/file.ts';
import { reopenedDatabase } from '../sqlite/reopened.ts';
import { createDatabaseSpace } from '../sqlite/space.ts';
import { inventoryDatabase, inventoryFile } from './database.ts';
import type { InventoryCalls } from './inventory-calls.ts';
import { createInventoryStore } from './inventory-store.ts';

const storeOn = (database: DatabaseSync, file: string) => {
  const space = createDatabaseSpace(database, file);
  const store = createInventoryStore({ db: kyselyOn(database), usedBytes: () => space.usedBytes() });
  return { database, space, store };
};

/** The inventory in one SQLite file. Blocks its thread while the disk works: the gate uses it through `worker-inventory`. */
export const createSqliteInventory = (options: OpenOptions): InventoryCalls => {
  const file = inventoryFile(options.dataDir);
  const { use, close } = reopenedDatabase(file, async () =>
    storeOn(await openDatabase(inventoryDatabase, options), file),
  );
  return {
    open: () => use(() => undefined),
    append: (batch) => use(({ store }) => store.append(batch)),
    list: (...asked) => use(({ store }) => store.list(...asked)),
    listed: (after) => use(({ store }) => store.listed(after)),
    holding: (query, after) => use(({ store }) => store.holding(query, after)),
    lacking: (cataloger, after) => use(({ store }) => store.lacking(cataloger, after)),
    prune: (policy, now) =>
      use(async ({ space, store }) => {
        space.checkFile();
        const { removed, more } = await store.prune(policy, now);
        return { removed, more: space.shrink(policy.maxBytes) || more };
      }),
    close,
  };
};
