import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { type CompiledQuery, Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';

const parametersOf = (query: { readonly parameters: readonly unknown[] }): SQLInputValue[] =>
  query.parameters as SQLInputValue[];

/** Kysely's SQLite dialect expects the better-sqlite3 shape: one array of parameters, and `reader`. */
const asKyselyDatabase = (database: DatabaseSync): SqliteDatabase => ({
  close: () => database.close(),
  prepare: (text) => {
    // A full disk makes SQLite roll back by itself; the fault of a second rollback would hide that of the disk.
    if (text === 'rollback' && !database.isTransaction) text = 'SELECT 1';
    const statement = database.prepare(text);
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...parametersOf({ parameters })),
      run: (parameters) => statement.run(...parametersOf({ parameters })),
      iterate: (parameters) => statement.iterate(...parametersOf({ parameters })),
    };
  },
});

/** Compiles typed queries, and runs migrations, on a database that the caller owns and closes. */
export const kyselyOn = <Schema>(database: DatabaseSync): Kysely<Schema> =>
  new Kysely({ dialect: new SqliteDialect({ database: asKyselyDatabase(database) }) });

/** Runs a compiled query in place: node:sqlite is synchronous, and so are its callers. */
export const selectAll = <Row>(database: DatabaseSync, query: CompiledQuery<Row>): Row[] =>
  database.prepare(query.sql).all(...parametersOf(query)) as Row[];

/** @returns how many rows changed. */
export const execute = (database: DatabaseSync, query: CompiledQuery): number =>
  Number(database.prepare(query.sql).run(...parametersOf(query)).changes);

/** A pragma that answers with one number. */
export const pragmaNumber = (database: DatabaseSync, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);
