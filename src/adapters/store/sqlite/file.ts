import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Migrator } from 'kysely/migration';

import { kyselyOn } from './dialect.ts';
import { databaseAge, type DatabaseForm } from './identity.ts';

/** 8 KiB pages: with rows of 1.2 KB they took 15 % less CPU than 4 KiB. */
const pageSize = 8192;
/** 2,000 pages = 16 MiB: few checkpoints, each short. */
const checkpointPages = 2000;
/** The log beside a database is cut back to this; while it is written it can be larger for a moment. */
export const maxLogBytes = 32 * 1024 * 1024;

export interface OpenOptions {
  readonly dataDir: string;
  /** How long a write waits for another writer: a person with a tool, or a command beside the gate. */
  readonly busyTimeoutMs?: number;
  /** A ceiling on the file, in pages. SQLite then answers as on a full disk. */
  readonly maxPages?: number;
}

/** The databases name users and images: only the owner reads them. SQLite gives its side files the same mode. */
const createPrivately = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Never opened when it exists: closing a second descriptor would drop this process's fcntl locks on it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/**
 * synchronous=NORMAL: a killed process loses nothing that was committed and nothing is ever corrupt; a power
 * cut may take back what came after the last checkpoint. auto_vacuum must precede the first table.
 */
const configure = (database: DatabaseSync, options: OpenOptions): void => {
  database.exec(`
    PRAGMA page_size = ${pageSize};
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA journal_size_limit = ${maxLogBytes};
    PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY;
  `);
  if (options.maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${options.maxPages}`);
};

/** All migrations in one transaction of ours, because Kysely uses none on SQLite: killed half-way, none happened. */
const migrate = async (
  database: DatabaseSync,
  { applicationId, migrations }: DatabaseForm,
): Promise<void> => {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(`PRAGMA application_id = ${applicationId}`);
    const { error } = await new Migrator({
      db: kyselyOn(database),
      provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    }).migrateToLatest();
    if (error !== undefined) throw error as Error;
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/** Opens the database for writing: makes a missing one, refuses a foreign one, migrates an old one. */
export const openDatabase = async (form: DatabaseForm, options: OpenOptions): Promise<DatabaseSync> => {
  const file = join(options.dataDir, form.file);
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  createPrivately(file);
  const database = new DatabaseSync(file, { timeout: options.busyTimeoutMs ?? 5000 });
  try {
    const age = databaseAge(database, form, file);
    configure(database, options);
    if (age !== 'current') await migrate(database, form);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};
