import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, afterEach, describe, expect, test } from 'vitest';

import type { Inventory } from '../../../gate/inventory.ts';
import { decisionsDatabase } from '../decisions/database.ts';
import { openDatabase } from '../sqlite/file.ts';
import { inventoryDatabase, inventoryFile } from './database.ts';
import { imageNumber, inventoryContract, listFrom, richList } from './inventory.contract.ts';
import type { InventoryCalls } from './inventory-calls.ts';
import { createSqliteInventory } from './sqlite-inventory.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-inventory-'));
let made = 0;
const newDir = (): string => join(scratch, String(++made), 'data');
const stores: Inventory[] = [];
const open = (dataDir: string, maxPages?: number): InventoryCalls => {
  const store = createSqliteInventory({
    dataDir,
    busyTimeoutMs: 50,
    ...(maxPages !== undefined && { maxPages }),
  });
  stores.push(store);
  return store;
};
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

inventoryContract('SQLite', () => {
  const dataDir = newDir();
  let store = open(dataDir);
  const reopen = async (): Promise<Inventory> => {
    await store.close();
    return (store = open(dataDir));
  };
  return Promise.resolve({ store, reopen });
});

const cataloger = 'imagegate 3';
const entry = (n: number, list = richList) => ({
  image: imageNumber(n),
  usedAt: n,
  found: { cataloger, host: 'registry.example.com', list },
});
const change = (dataDir: string, sql: string): unknown => {
  const database = new DatabaseSync(inventoryFile(dataDir));
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
};

describe('the file of the inventory', () => {
  test('is ours alone, and holds a package once', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.append([entry(1), entry(2)]);
    const modes = ['', '-wal', '-shm'].map((end) => statSync(inventoryFile(dataDir) + end).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
    // `left-pad` is twice in each list, and one owner is in neither.
    expect(change(dataDir, 'SELECT count(*) AS n FROM packages')).toEqual([{ n: 5 }]);
    await store.prune({ maxAgeMs: 0, maxBytes: 1e12, slice: 10 }, 10);
    const tables = ['images', 'lists', 'packages', 'holdings', 'layers', 'gaps', 'deliveries'];
    for (const table of tables)
      expect(change(dataDir, `SELECT count(*) AS n FROM ${table}`)).toEqual([{ n: 0 }]);
  });

  test.each([
    ['another database', (file: string) => new DatabaseSync(file).exec('CREATE TABLE notes (text)')],
    ['no database at all', (file: string) => writeFileSync(file, 'these are my notes\n'.repeat(100))],
  ])('is refused and left untouched when it is %s', async (_title, make) => {
    const dataDir = newDir();
    mkdirSync(dataDir, { recursive: true });
    make(inventoryFile(dataDir));
    const before = readFileSync(inventoryFile(dataDir));
    await expect(open(dataDir).open()).rejects.toMatchObject({ kind: 'foreign' });
    expect(readFileSync(inventoryFile(dataDir)).equals(before)).toBe(true);
  });

  test('is refused when it is a record of decisions', async () => {
    const dataDir = newDir();
    const database = await openDatabase({ ...decisionsDatabase, file: inventoryDatabase.file }, { dataDir });
    database.close();
    await expect(open(dataDir).open()).rejects.toMatchObject({ kind: 'foreign', code: 'NOT_OURS' });
  });

  test('is refused when a newer version wrote it, with what to do', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.append([entry(1)]);
    await store.close();
    change(dataDir, "INSERT INTO kysely_migration VALUES ('0099-later', '2030-01-01')");
    await expect(open(dataDir).append([entry(2)])).rejects.toMatchObject({
      kind: 'foreign',
      code: 'NEWER',
      message: expect.stringContaining('use that version or another --data') as string,
    });
  });

  test('V6: one of before knows no hosts: its lists are told at none, until the image is delivered again', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.append([entry(1)]);
    await store.close();
    for (const sql of [
      'DROP TABLE deliveries',
      "DELETE FROM kysely_migration WHERE name = '0002-deliveries'",
    ])
      change(dataDir, sql);
    const next = open(dataDir);
    expect(await next.list(imageNumber(1), cataloger)).toEqual(richList);
    expect(await next.list(imageNumber(1), cataloger, 'registry.example.com')).toBeUndefined();
    await next.append([entry(1)]);
    expect(await next.list(imageNumber(1), cataloger, 'registry.example.com')).toEqual(richList);
  });

  test.each(['DELETE FROM holdings WHERE position = 1', 'DELETE FROM gaps WHERE position = 0'])(
    'V16: half a list is none: %s',
    async (sql) => {
      const dataDir = newDir();
      const store = open(dataDir);
      await store.append([entry(1)]);
      change(dataDir, sql);
      expect(await store.list(imageNumber(1), cataloger)).toBeUndefined();
      await store.append([entry(1)]);
      expect(await store.list(imageNumber(1), cataloger)).toEqual(richList);
    },
  );

  test('stays within its size however much is written', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    const policy = { maxAgeMs: 1e15, maxBytes: 4 * 1024 * 1024, slice: 20 };
    for (let n = 0; n < 60; n += 1) {
      const packages = Array.from({ length: 300 }, (_, at) => ({
        ecosystem: 'npm',
        name: `package-${at}`,
        version: `${n}.0.${at}`,
        path: `srv/node_modules/package-${at}/package.json`,
      }));
      await store.append([entry(n, listFrom(...packages))]);
      while ((await store.prune(policy, n)).more);
    }
    await store.close();
    const { size } = statSync(inventoryFile(dataDir));
    expect(size).toBeLessThan(policy.maxBytes * 1.15);
    expect(size).toBeGreaterThan(policy.maxBytes / 2);
  });
});

describe('a disk in trouble', () => {
  test('full: nothing of the batch is stored, and it works again when there is room', async () => {
    const store = open(newDir(), 64);
    const long = (n: number) =>
      listFrom(
        ...Array.from({ length: 50 }, (_, at) => ({
          ecosystem: 'npm',
          name: `${'x'.repeat(500)}${at}`,
          version: `${n}`,
        })),
      );
    let n = 0;
    const full = (async () => {
      for (; ; n += 2) await store.append([entry(n, long(n)), entry(n + 1, long(n + 1))]);
    })();
    await expect(full).rejects.toMatchObject({ kind: 'unavailable', code: 'SQLITE_FULL' });
    expect(await store.list(imageNumber(n), cataloger)).toBeUndefined();
    await store.prune({ maxAgeMs: 0, maxBytes: 1e12, slice: 50 }, 1_000);
    await store.append([entry(n, long(n))]);
    expect(await store.list(imageNumber(n), cataloger)).toEqual(long(n));
  });

  test('another writer: unavailable until it is gone', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    await store.open();
    const other = new DatabaseSync(inventoryFile(dataDir));
    other.exec('BEGIN IMMEDIATE');
    await expect(store.append([entry(1)])).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'SQLITE_BUSY',
    });
    other.exec('ROLLBACK');
    other.close();
    await store.append([entry(1)]);
  });

  test('damaged: unavailable, and never half of what was there', async () => {
    const dataDir = newDir();
    const store = open(dataDir);
    for (let n = 0; n < 40; n += 1)
      await store.append([
        entry(n, listFrom({ ecosystem: 'npm', name: 'x'.repeat(3_000), version: `${n}` })),
      ]);
    await store.close();
    const bytes = readFileSync(inventoryFile(dataDir));
    bytes.fill(0xa5, 8192 * 2);
    writeFileSync(inventoryFile(dataDir), bytes);
    const again = open(dataDir);
    await expect(again.list(imageNumber(1), cataloger)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('a directory that cannot be made: unavailable until it can', async () => {
    writeFileSync(join(scratch, 'blocker'), '');
    const store = open(join(scratch, 'blocker', 'data'));
    await expect(store.append([entry(1)])).rejects.toMatchObject({ kind: 'unavailable', code: 'ENOTDIR' });
    rmSync(join(scratch, 'blocker'));
    await store.append([entry(1)]);
  });
});
