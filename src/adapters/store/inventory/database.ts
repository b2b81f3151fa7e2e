import { join } from 'node:path';

import type { DatabaseForm } from '../sqlite/identity.ts';
import { type IdType, inventory } from './migrations/0001-inventory.ts';

/** @param id how this database counts rows */
export const inventoryMigrations = (id: IdType): DatabaseForm['migrations'] => ({
  '0001-inventory': inventory(id),
});

/** `IGIN`. */
export const inventoryDatabase: DatabaseForm = {
  file: 'inventory.db',
  applicationId: 0x4947494e,
  migrations: inventoryMigrations('integer'),
};

/** The inventory inside `--data`. */
export const inventoryFile = (dataDir: string): string => join(dataDir, inventoryDatabase.file);
