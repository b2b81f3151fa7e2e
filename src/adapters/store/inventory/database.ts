import { join } from 'node:path';

import type { DatabaseForm } from '../sqlite/identity.ts';
import { type IdType, inventory } from './migrations/0001-inventory.ts';
import { deliveries } from './migrations/0002-deliveries.ts';

/** @param id how this database counts rows */
export const inventoryMigrations = (id: IdType): DatabaseForm['migrations'] => ({
  '0001-inventory': inventory(id),
  '0002-deliveries': deliveries,
});

/** `IGIN`. */
export const inventoryDatabase: DatabaseForm = {
  file: 'inventory.db',
  applicationId: 0x4947494e,
  migrations: inventoryMigrations('integer'),
};

/** The inventory inside `--data`. */
export const inventoryFile = (dataDir: string): string => join(dataDir, inventoryDatabase.file);
