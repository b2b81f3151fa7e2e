import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';

import { fail, ok, type Result } from '../../../core/result.ts';
import type { DecisionQuery } from '../../../gate/decision-store.ts';
import { StoreFault } from '../../../gate/store.ts';
import { kyselyOn, selectAll } from '../sqlite/dialect.ts';
import { toStoreFault } from '../sqlite/fault.ts';
import { databaseAge } from '../sqlite/identity.ts';
import { decisionsDatabase, decisionsFile } from './database.ts';
import { eachPage, readPage } from './decision-pages.ts';
import { decisionById } from './queries.ts';

/** The record as `decisions` and `explain` read it, while a gate writes or not. */
export interface DecisionsReader {
  /** JSON texts, newest first, fetched on demand, so that a limit of a million needs little memory. */
  recent(query: DecisionQuery): AsyncIterable<string>;
  find(id: string): string | undefined;
  close(): void;
}

/**
 * `missing`: nothing was recorded there yet. `foreign`: no record of the gate, or of a newer version. `unreadable`:
 * everything else.
 */
interface ReaderRefusal {
  readonly kind: 'missing' | 'foreign' | 'unreadable';
  readonly message: string;
}

/** @param dataDir `--data` of the gate, which may be running. Never creates or changes a decision. */
export const openDecisionsReader = (dataDir: string): Result<DecisionsReader, ReaderRefusal> => {
  const file = decisionsFile(dataDir);
  if (!existsSync(file)) {
    return fail({ kind: 'missing', message: `no decisions are recorded in ${dataDir} (${file} is missing)` });
  }
  try {
    const database = openForReading(file);
    return ok({
      recent: (query) => eachRow(database, query),
      find: (id) => selectAll(database, decisionById(kyselyOn(database), id))[0]?.json,
      close: () => database.close(),
    });
  } catch (error) {
    return fail(refusalOf(error, file));
  }
};

async function* eachRow(database: DatabaseSync, query: DecisionQuery): AsyncGenerator<string> {
  for await (const rows of eachPage(query, (left, before) => readPage(database, left, before))) yield* rows;
}

const openForReading = (file: string): DatabaseSync => {
  try {
    return checked(new DatabaseSync(file, { readOnly: true, timeout: 5000 }), file);
  } catch (error) {
    // Reading shares memory with the writer through the -shm file, which must be made when it is missing. Where
    // we may not make it, the database can be read as it stands, provided that no log holds newer decisions.
    const { code } = toStoreFault(error, file);
    const forbidden = code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN';
    if (!forbidden || existsSync(`${file}-wal`)) throw error;
    const asItStands = pathToFileURL(file);
    asItStands.searchParams.set('immutable', '1');
    return checked(new DatabaseSync(asItStands, { readOnly: true }), file);
  }
};

/** Checks that it is a record of the gate in the current version. The next `serve` migrates an older one. */
const checked = (database: DatabaseSync, file: string): DatabaseSync => {
  try {
    const age = databaseAge(database, decisionsDatabase, file);
    if (age === 'current') return database;
    const why =
      age === 'empty'
        ? `${file} holds no decisions yet`
        : `${file} was written by an older imagegate: start its serve once with this version`;
    throw new StoreFault('foreign', age.toUpperCase(), why);
  } catch (error) {
    database.close();
    throw error;
  }
};

const refusalOf = (error: unknown, file: string): ReaderRefusal => {
  const { kind, code, message } = toStoreFault(error, file);
  if (code === 'EMPTY') return { kind: 'missing', message };
  if (code === 'SQLITE_NOTADB') return { kind: 'foreign', message: `${file} is not a database` };
  if (kind === 'foreign') return { kind, message };
  const remedy =
    code === 'SQLITE_CANTOPEN' || code === 'SQLITE_READONLY'
      ? ' (reading needs write access to its directory: its log must be replayed)'
      : '';
  return { kind: 'unreadable', message: `${message}${remedy}` };
};
