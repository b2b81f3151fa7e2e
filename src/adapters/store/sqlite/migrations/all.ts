import type { Migration, MigrationProvider } from 'kysely/migration';

import { decisions } from './0001-decisions.ts';
import { shares } from './0002-shares.ts';

/** Every migration by name, in order; applied ones are never edited. Listed, not scanned: we are bundled. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-decisions': decisions,
  '0002-shares': shares,
};

export const migrationNames: readonly string[] = Object.keys(migrations);

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve({ ...migrations }),
};
