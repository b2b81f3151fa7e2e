import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Migrator } from 'kysely/migration';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import type { RetentionPolicy } from '../../../gate/store.ts';
import { decisionNumbers, decisionStoreContract } from './decision-store.contract.ts';
import { decisions } from './migrations/0001-decisions.ts';
import { createSqliteStore, type SqliteStore } from './sqlite.ts';
import { decisionById, namespaceShares, recentDecisions, removeBefore, removeOldestOf } from './queries.ts';
import { kyselyOn, pragmaNumber } from '../sqlite/dialect.ts';
import { decisionsDatabase, decisionsFile } from './database.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-store-'));
let made = 0;
const newDir = (): string => join(scratch, String(++made), 'data');
const compiler = kyselyOn(new DatabaseSync(':memory:'));
const stores: SqliteStore[] = [];
const open = (dataDir: string, maxPages?: number): SqliteStore => {
  const store = createSqliteStore({
    dataDir,
    busyTimeoutMs: 50,
    ...(maxPages === undefined ? {} : { maxPages }),
  });
  stores.push(store);
  return store;
};
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

decisionStoreContract('SQLite', () => {
  const dataDir = newDir();
  let store = open(dataDir);
  const reopen = async (): Promise<SqliteStore> => {
    await store.close();
    return (store = open(dataDir));
  };
  return Promise.resolve({ store, reopen });
});

const inspect = <T>(dataDir: string, look: (database: DatabaseSync) => T): T => {
  const database = new DatabaseSync(decisionsFile(dataDir), { readOnly: true });
  try {
    return look(database);
  } finally {
    database.close();
  }
};

describe('the file', () => {
  test('is ours alone: readable by its owner only, the log beside it too', async () => {
    const dataDir = newDir();
    await open(dataDir).append(decisionNumbers(0, 1));
    const modes = ['', '-wal', '-shm'].map((end) => statSync(decisionsFile(dataDir) + end).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  test('has the settings that can only be chosen at its birth', async () => {
    const dataDir = newDir();
    await open(dataDir).append(decisionNumbers(0, 1));
    const settings = inspect(dataDir, (database) =>
      ['page_size', 'auto_vacuum'].map((name) => pragmaNumber(database, name)),
    );
    expect(settings).toEqual([8192, 2]);
  });

  test.each([
    [
      'a database of something else',
      (file: string) => new DatabaseSync(file).exec('CREATE TABLE notes (text)'),
    ],
    ['no database at all', (file: string) => writeFileSync(file, 'these are my notes\n'.repeat(100))],
  ])('is refused and left untouched when it is %s', async (_title, make) => {
    const dataDir = newDir();
    execFileSync('mkdir', ['-p', dataDir]);
    make(decisionsFile(dataDir));
    const before = readFileSync(decisionsFile(dataDir));
    await expect(open(dataDir).open()).rejects.toMatchObject({ kind: 'foreign' });
    expect(readFileSync(decisionsFile(dataDir)).equals(before)).toBe(true);
  });

  test('is refused when a newer version wrote it', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.append(decisionNumbers(0, 1));
    await store.close();
    const database = new DatabaseSync(decisionsFile(dataDir));
    database.exec("INSERT INTO kysely_migration VALUES ('0099-later', '2030-01-01')");
    database.close();
    await expect(open(dataDir).append(decisionNumbers(1, 2))).rejects.toMatchObject({
      kind: 'foreign',
      code: 'NEWER',
      message: expect.stringContaining('0099-later') as string,
    });
  });

  test('is made anew when somebody removed it, which the next retention notices', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.append(decisionNumbers(0, 1));
    for (const end of ['', '-wal', '-shm'])
      renameSync(decisionsFile(dataDir) + end, `${decisionsFile(dataDir)}.old${end}`);
    const policy = { maxAgeMs: 1e15, maxBytes: 1e12, slice: 10 };
    await expect(store.prune(policy, Date.now())).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'GONE',
    });
    await store.append(decisionNumbers(1, 2));
    expect(
      inspect(dataDir, (database) => database.prepare('SELECT count(*) AS n FROM decisions').get()),
    ).toEqual({ n: 1 });
  });

  test('shrinks when the policy becomes smaller, and keeps spare pages for what comes', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    for (let n = 0; n < 4000; n += 500) await store.append(decisionNumbers(n, n + 500, 'x'.repeat(5000)));
    const policy: RetentionPolicy = { maxAgeMs: 1e15, maxBytes: 4 * 1024 * 1024, slice: 50 };
    while ((await store.prune(policy, Date.now())).more);
    await store.close();
    const size = statSync(decisionsFile(dataDir)).size;
    expect(size).toBeLessThan(policy.maxBytes * 1.15);
    expect(size).toBeGreaterThan(policy.maxBytes / 2);
  });
});

describe('queries', () => {
  const query = { since: 5, limit: 100 };
  test.each([
    ['recent', recentDecisions(compiler, query), 'decisions_time'],
    ['denied', recentDecisions(compiler, { ...query, denied: true }), 'decisions_denied'],
    ['a later page', recentDecisions(compiler, query, { time: 5, seq: 6 }), 'decisions_time'],
    ['by id', decisionById(compiler, 'x'), 'decisions_id'],
    ['too old', removeBefore(compiler, 5, 9), 'decisions_time'],
    ['the oldest of', removeOldestOf(compiler, 'a', 9), 'decisions_namespace'],
    ['the oldest of none', removeOldestOf(compiler, null, 9), 'decisions_namespace'],
    ['shares', namespaceShares(compiler, 10), 'COVERING INDEX decisions_namespace', 'the sums are sorted'],
  ])('%s never reads through the table', async (_title, { sql, parameters }, index, sorted = '') => {
    const dataDir = newDir();
    await open(dataDir).append(decisionNumbers(0, 100));
    const plan = inspect(dataDir, (database) =>
      database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(parameters as string[])),
    );
    const steps = plan.map((step) => String(step['detail'])).join('\n');
    expect(steps).toContain(index);
    expect(steps).not.toMatch(/SCAN decisions(?! USING)/);
    expect(steps.includes('TEMP B-TREE')).toBe(sorted !== '');
  });
});

describe('R26: namespaces that somebody made up', () => {
  test('20,000 of them do not keep the store busy when the record is too large', async () => {
    const store = open(newDir());
    for (let n = 0; n < 20_000; n += 1000) {
      const batch = decisionNumbers(n, n + 1000, 'x'.repeat(500));
      await store.append(batch.map((one) => ({ ...one, namespace: `made-up-${one.id}` })));
    }
    const policy: RetentionPolicy = { maxAgeMs: 1e15, maxBytes: 12_000_000, slice: 1000 };
    const began = performance.now();
    let removed = 0;
    for (let more = true; more;) {
      const pruned = await store.prune(policy, Date.now());
      removed += pruned.removed;
      more = pruned.more;
    }
    expect(removed).toBeGreaterThan(2000);
    // Comparing all of them for each one that gives way took minutes.
    expect(performance.now() - began).toBeLessThan(30_000);
  }, 120_000);
});

describe('a disk in trouble', () => {
  test('full: nothing of the batch is stored, and it works again when there is room', async () => {
    const dataDir = newDir();
    const store = open(dataDir, 64);
    const full = (async () => {
      for (let n = 0; ; n += 10) await store.append(decisionNumbers(n, n + 10, 'x'.repeat(5000)));
    })();
    await expect(full).rejects.toMatchObject({ kind: 'unavailable', code: 'SQLITE_FULL' });
    const stored = await store.recent({ limit: 1000 });
    expect(stored.length % 10).toBe(0);
    await store.prune({ maxAgeMs: 0, maxBytes: 1e12, slice: 50 }, Date.UTC(2030, 0, 1));
    await store.append(decisionNumbers(5000, 5010, 'x'.repeat(5000)));
    expect(await store.recent({ limit: 10 })).toHaveLength(10);
  });

  test('another writer: unavailable until it is gone', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.open();
    const other = new DatabaseSync(decisionsFile(dataDir));
    other.exec('BEGIN IMMEDIATE');
    await expect(store.append(decisionNumbers(0, 1))).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    other.exec('ROLLBACK');
    other.close();
    await store.append(decisionNumbers(0, 1));
  });

  test('a directory that cannot be made: unavailable until it can', async () => {
    writeFileSync(join(scratch, 'blocker'), '');
    const store = open(join(scratch, 'blocker', 'data'));
    await expect(store.append(decisionNumbers(0, 1))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'ENOTDIR',
    });
    rmSync(join(scratch, 'blocker'));
    await store.append(decisionNumbers(0, 1));
  });
});

describe('a record of version 0.1', () => {
  /** As the first migration left it, with rows that say nothing of their size. */
  const writeOld = async (dataDir: string, rows: number): Promise<void> => {
    mkdirSync(dataDir, { recursive: true });
    const database = new DatabaseSync(decisionsFile(dataDir));
    database.exec(
      `PRAGMA application_id = ${decisionsDatabase.applicationId}; PRAGMA auto_vacuum = INCREMENTAL`,
    );
    const migrations = { '0001-decisions': decisions };
    const provider = { getMigrations: () => Promise.resolve(migrations) };
    const { error } = await new Migrator({ db: kyselyOn(database), provider }).migrateToLatest();
    expect(error).toBeUndefined();
    const insert = database.prepare(
      "INSERT INTO decisions (id, time, allowed, namespace, kind, json) VALUES (?, ?, 1, 'shop', 'Pod', ?)",
    );
    for (let n = 0; n < rows; n++)
      insert.run(`old-${n}`, n, JSON.stringify({ n: -n, text: 'x'.repeat(1_000) }));
    database.close();
  };

  test('is brought up to date: its decisions stay, are found, and are forgotten like others', async () => {
    const dataDir = newDir();
    await writeOld(dataDir, 500);
    const store = open(dataDir);
    await store.append(decisionNumbers(0, 10));
    expect(await store.recent({ limit: 1_000 })).toHaveLength(510);
    expect(await store.find('old-7')).toContain('"n":-7');
    const policy: RetentionPolicy = { maxAgeMs: 1e15, maxBytes: 300_000, slice: 20 };
    while ((await store.prune(policy, Date.now())).more);
    const left = await store.recent({ limit: 1_000 });
    expect(left.length).toBeGreaterThan(100);
    expect(left.length).toBeLessThan(300);
    expect(left.filter((json) => !json.includes('"n":-')).length).toBe(10);
    expect(left.at(-1)).not.toContain('"n":-0,');
  });
});
