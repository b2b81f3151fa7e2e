import type { DatabaseSync } from 'node:sqlite';

import type { Migration } from 'kysely/migration';

import { StoreFault } from '../../../gate/store.ts';
import { kyselyOn, pragmaNumber, selectAll } from './dialect.ts';

/** A kind of database inside `--data`. */
export interface DatabaseForm {
  readonly file: string;
  /** Written into the header of the file: marks it as a database of the gate, and as this one. */
  readonly applicationId: number;
  /** Every migration by name, in order; applied ones are never edited. Listed, not scanned: we are bundled. */
  readonly migrations: Readonly<Record<string, Migration>>;
}

/** Kysely's own table of applied migrations; the gate only reads it. */
interface MigrationsSchema {
  kysely_migration: { name: string };
}

type DatabaseAge = 'empty' | 'older' | 'current';

/**
 * The version of the database. Only reads, so that a foreign file is never changed.
 * @throws StoreFault `foreign` when it is another database, or when a newer version wrote it
 */
export const databaseAge = (
  database: DatabaseSync,
  { applicationId, migrations }: Pick<DatabaseForm, 'applicationId' | 'migrations'>,
  file: string,
): DatabaseAge => {
  if (pragmaNumber(database, 'application_id') !== applicationId) {
    const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (tables?.['n'] === 0) return 'empty';
    throw new StoreFault('foreign', 'NOT_OURS', `${file} is a database of something else`);
  }
  const names = Object.keys(migrations);
  const query = kyselyOn<MigrationsSchema>(database).selectFrom('kysely_migration').select('name');
  const applied = selectAll(database, query.orderBy('name').compile()).map(({ name }) => name);
  const unknown = applied.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new StoreFault(
      'foreign',
      'NEWER',
      `${file} was written by a newer imagegate (it has ${unknown}): use that version or another --data`,
    );
  }
  return applied.length < names.length ? 'older' : 'current';
};
