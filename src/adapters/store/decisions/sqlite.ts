import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { DecisionQuery, DecisionStore, StoredDecision } from '../../../gate/decision-store.ts';
import type { Pruned, RetentionPolicy } from '../../../gate/store.ts';
import { execute, kyselyOn, selectAll } from '../sqlite/dialect.ts';
import { openDatabase, type OpenOptions } from '../sqlite/file.ts';
import { reopenedDatabase } from '../sqlite/reopened.ts';
import { createDatabaseSpace, type DatabaseSpace } from '../sqlite/space.ts';
import { decisionsDatabase, decisionsFile } from './database.ts';
import { type DecisionPage, allRows, readPage } from './decision-pages.ts';
import { decisionById, insertDecision, insertParameters, type Position, removeBefore } from './queries.ts';
import { createRecordShares, type RecordShares } from './shares.ts';

export interface SqliteStore extends DecisionStore {
  /** Opens the database now instead of at the first call, so that a start can refuse a foreign one. */
  open(): Promise<void>;
  page(query: DecisionQuery, before?: Position): Promise<DecisionPage>;
}

/**
 * The record in one SQLite file. Blocks its thread while the disk works: the gate uses it through `worker-store`.
 */
export const createSqliteStore = (options: OpenOptions): SqliteStore => {
  const file = decisionsFile(options.dataDir);
  const { use, close } = reopenedDatabase(
    file,
    async () => new OpenStore(await openDatabase(decisionsDatabase, options), file),
  );
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

const sample: StoredDecision = { id: '', time: 0, allowed: true, kind: '', json: new Uint8Array() };

class OpenStore {
  readonly database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #space: DatabaseSpace;
  readonly #shares: RecordShares;

  constructor(database: DatabaseSync, file: string) {
    this.database = database;
    this.#insert = database.prepare(insertDecision(kyselyOn(database), sample).sql);
    this.#space = createDatabaseSpace(database, file);
    this.#shares = createRecordShares(database);
  }

  append(batch: readonly StoredDecision[]): void {
    this.#atomically(() => {
      for (const decision of batch) this.#insert.run(...insertParameters(decision));
    });
    this.#shares.grew(batch);
  }

  /** Age first, then size. */
  prune(policy: RetentionPolicy, now: number): Pruned {
    this.#space.checkFile();
    const db = kyselyOn(this.database);
    const removed = this.#atomically(() => {
      const aged = execute(this.database, removeBefore(db, now - policy.maxAgeMs, policy.slice));
      const left = policy.slice - aged;
      const tooBig = left > 0 && this.#space.usedBytes() > policy.maxBytes;
      return aged + (tooBig ? this.#shares.removeOldest(left, policy.maxBytes) : 0);
    });
    const shrinks = this.#space.shrink(policy.maxBytes);
    const more = removed >= policy.slice || shrinks;
    if (!more) this.#shares.settle();
    return { removed, more };
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
