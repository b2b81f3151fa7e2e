import type { DatabaseSync } from 'node:sqlite';

import { StoreFault } from '../../../gate/decision-store.ts';
import { migrationNames } from './migrations/all.ts';
import { appliedMigrations } from './queries.ts';
import { kyselyOn, pragmaNumber, selectAll } from './dialect.ts';

/** `IGAT`, written into the header of the file: marks it as a database of the gate. */
export const applicationId = 0x49474154;

type DatabaseAge = 'empty' | 'older' | 'current';

/**
 * The version of the database. Only reads, so that a foreign file is never changed.
 * @throws StoreFault `foreign` when it is no database of the gate, or when a newer version wrote it
 */
export const databaseAge = (database: DatabaseSync, file: string): DatabaseAge => {
  if (pragmaNumber(database, 'application_id') !== applicationId) {
    const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (tables?.['n'] === 0) return 'empty';
    throw new StoreFault('foreign', 'NOT_OURS', `${file} is a database of something else`);
  }
  const applied = selectAll(database, appliedMigrations(kyselyOn(database))).map(({ name }) => name);
  const unknown = applied.find((name) => !migrationNames.includes(name));
  if (unknown !== undefined) {
    throw new StoreFault(
      'foreign',
      'NEWER',
      `${file} was written by a newer imagegate (it has ${unknown}): use that version or another --data`,
    );
  }
  return applied.length < migrationNames.length ? 'older' : 'current';
};
