import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import {
  type DecisionQuery,
  type DecisionStore,
  type Pruned,
  type RetentionPolicy,
  type StoredDecision,
  StoreFault,
} from '../../../gate/decision-store.ts';
import { type DecisionPage, allRows, readPage } from './decision-pages.ts';
import { decisionById, insertDecision, insertParameters, type Position, removeBefore } from './queries.ts';
import { execute, kyselyOn, pragmaNumber, selectAll } from './dialect.ts';
import { toStoreFault } from './fault.ts';
import { databaseFile, openDatabase, type OpenOptions } from './file.ts';
import { createRecordShares, type RecordShares } from './shares.ts';

export interface SqliteStore extends DecisionStore {
  /** Opens the database now instead of at the first call, so that a start can refuse a foreign one. */
  open(): Promise<void>;
  page(query: DecisionQuery, before?: Position): Promise<DecisionPage>;
}

/** Faults that pass without opening the database again. */
const passing: ReadonlySet<string> = new Set(['SQLITE_FULL', 'SQLITE_BUSY']);

/**
 * The record in one SQLite file. Opens itself on the first call, and anew after a fault of the file, so that it
 * recovers when the disk does. Blocks its thread while the disk works: the gate uses it through `worker-store`.
 */
export const createSqliteStore = (options: OpenOptions): SqliteStore => {
  const file = databaseFile(options.dataDir);
  let opened: Promise<OpenStore> | undefined;

  const use = async <T>(work: (store: OpenStore) => T): Promise<T> => {
    try {
      opened ??= openDatabase(options).then((database) => new OpenStore(database, file));
      return work(await opened);
    } catch (error) {
      const fault = toStoreFault(error, file);
      if (!passing.has(fault.code) && fault.kind !== 'rejected') await close();
      throw fault;
    }
  };
  const close = async (): Promise<void> => {
    const closing = opened;
    opened = undefined;
    try {
      (await closing)?.database.close();
    } catch {
      // It never opened, or the disk is sick: closing would have emptied the log, the next opening will.
    }
  };
  const page: SqliteStore['page'] = (query, before) =>
    use(({ database }) => readPage(database, query, before));

  return {
    open: () => use(() => undefined),
    append: (batch) => use((store) => store.append(batch)),
    page,
    recent: (query) => allRows(query, page),
    find: (id) => use(({ database }) => selectAll(database, decisionById(kyselyOn(database), id))[0]?.json),
    prune: (policy, now) => use((store) => store.prune(policy, now)),
    close,
  };
};

const sample: StoredDecision = { id: '', time: 0, allowed: true, kind: '', json: '' };
/** Free pages are used again by the next decisions; only above this part of the policy's size are they given back. */
const spareShare = 1 / 16;
const vacuumBytes = 2 * 1024 * 1024;

class OpenStore {
  readonly database: DatabaseSync;
  readonly #file: string;
  readonly #inode: number | undefined;
  readonly #insert: StatementSync;
  readonly #pageSize: number;
  readonly #shares: RecordShares;

  constructor(database: DatabaseSync, file: string) {
    this.database = database;
    this.#file = file;
    this.#inode = inodeOf(file);
    this.#insert = database.prepare(insertDecision(kyselyOn(database), sample).sql);
    this.#pageSize = pragmaNumber(database, 'page_size');
    this.#shares = createRecordShares(database);
  }

  append(batch: readonly StoredDecision[]): void {
    this.#atomically(() => {
      for (const decision of batch) this.#insert.run(...insertParameters(decision));
    });
    this.#shares.grew(batch);
  }

  /**
   * Age first, then size. Size is what the decisions take in the file, indexes included, free pages not: the
   * figure that a volume's limit is compared with, and it costs nothing to read.
   */
  prune(policy: RetentionPolicy, now: number): Pruned {
    // SQLite would go on writing into a deleted file, which nobody could read.
    if (inodeOf(this.#file) !== this.#inode) {
      throw new StoreFault('unavailable', 'GONE', `${this.#file} was removed or replaced`);
    }
    const db = kyselyOn(this.database);
    const removed = this.#atomically(() => {
      const aged = execute(this.database, removeBefore(db, now - policy.maxAgeMs, policy.slice));
      const left = policy.slice - aged;
      const tooBig = left > 0 && this.#usedBytes() > policy.maxBytes;
      return aged + (tooBig ? this.#shares.removeOldest(left, policy.maxBytes) : 0);
    });
    const shrinks = this.#vacuum(policy.maxBytes * spareShare);
    const more = removed >= policy.slice || shrinks;
    if (!more) this.#shares.settle();
    return { removed, more };
  }

  /** Returns a little of the free space to the file system. @returns whether there is more to return. */
  #vacuum(spareBytes: number): boolean {
    const free = pragmaNumber(this.database, 'freelist_count') * this.#pageSize;
    if (free <= spareBytes) return false;
    this.database.exec(`PRAGMA incremental_vacuum(${vacuumBytes / this.#pageSize})`);
    return free - vacuumBytes > spareBytes;
  }

  #usedBytes(): number {
    const pages = pragmaNumber(this.database, 'page_count') - pragmaNumber(this.database, 'freelist_count');
    return pages * this.#pageSize;
  }

  #atomically<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }
}

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;
