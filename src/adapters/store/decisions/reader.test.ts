import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, describe, expect, test } from 'vitest';

import { decisionNumber, decisionNumbers } from './decision-store.contract.ts';
import { openDecisionsReader } from './reader.ts';
import { createSqliteStore } from './sqlite.ts';
import { decisionsFile } from './database.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-reader-'));
chmodSync(scratch, 0o755);
let made = 0;
const newDir = (): string => join(scratch, String(++made));
const forgettable = (): void => {
  for (const name of readdirSync(scratch)) chmodSync(join(scratch, name), 0o755);
  rmSync(scratch, { recursive: true, force: true });
};
afterAll(forgettable);

const countOf = async (rows: AsyncIterable<string>): Promise<number> => {
  const ids = new Set<string>();
  for await (const row of rows) ids.add(row);
  return ids.size;
};

const countIn = async (dataDir: string): Promise<number> => {
  const reader = openDecisionsReader(dataDir);
  if (!reader.ok) throw new Error(reader.error.message);
  const found = await countOf(reader.value.recent({ limit: 1_000_000 }));
  reader.value.close();
  return found;
};

/** What a process finds that may not write in `dataDir`: for root, one of another user. */
const foundWithoutWriteAccess = (dataDir: string): string => {
  const program = `
    const { openDecisionsReader } = await import(${JSON.stringify(new URL('./reader.ts', import.meta.url).href)});
    const reader = openDecisionsReader(${JSON.stringify(dataDir)});
    if (reader.ok) console.log((await Array.fromAsync(reader.value.recent({ limit: 1000 }))).length);
    else console.log(reader.error.kind + ': ' + reader.error.message);`;
  const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if ('uid' in other) for (const name of readdirSync(dataDir)) chownSync(join(dataDir, name), 65_534, 65_534);
  chmodSync(dataDir, 0o555);
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: '/',
    ...other,
  });
  return run.stdout.trim() || run.stderr;
};

/** A copy of the files as they lie there now, which is what `kill -9` leaves. */
const asAfterKill = (dataDir: string): string => {
  const copy = newDir();
  cpSync(dataDir, copy, { recursive: true });
  return copy;
};

describe('the reader', () => {
  test('reads while the gate writes', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 300));
    expect(await countIn(dataDir)).toBe(300);
    await store.append(decisionNumbers(300, 310));
    expect(await countIn(dataDir)).toBe(310);
    await store.close();
  });

  test('reads when no gate runs, and the gate can start again beside it', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 5));
    await store.close();
    expect(existsSync(`${decisionsFile(dataDir)}-shm`)).toBe(false);
    const reader = openDecisionsReader(dataDir);
    if (!reader.ok) throw new Error(reader.error.message);
    expect(reader.value.find(decisionNumber(3).id)).toBe(new TextDecoder().decode(decisionNumber(3).json));
    expect(reader.value.find('none')).toBeUndefined();
    await store.append(decisionNumbers(5, 6));
    expect(await countOf(reader.value.recent({ limit: 10 }))).toBe(6);
    reader.value.close();
    await store.close();
  });

  test.each([
    ['as kill -9 left it', []],
    ['when the -shm file is missing', ['-shm']],
  ])('reads the log %s', async (_title, missing) => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 300));
    const copy = asAfterKill(dataDir);
    await store.close();
    for (const end of missing) rmSync(decisionsFile(copy) + end);
    expect(existsSync(`${decisionsFile(copy)}-wal`)).toBe(true);
    expect(await countIn(copy)).toBe(300);
  });

  test('fetches as it is asked, so a long listing does not hold up the log', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 1000));
    const reader = openDecisionsReader(dataDir);
    if (!reader.ok) throw new Error(reader.error.message);
    const rows = reader.value.recent({ limit: 1000 })[Symbol.asyncIterator]();
    await rows.next();
    const writer = new DatabaseSync(decisionsFile(dataDir));
    expect(writer.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 });
    writer.close();
    reader.value.close();
    await store.close();
  });
});

describe('a reader without write access', () => {
  test('reads while the gate runs', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 5));
    expect(foundWithoutWriteAccess(dataDir)).toBe('5');
    await store.close();
  });

  test('reads what a gate left that ended in order', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 5));
    await store.close();
    expect(foundWithoutWriteAccess(dataDir)).toBe('5');
  });

  test('says what to do when a log is there that it cannot replay', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 5));
    const copy = asAfterKill(dataDir);
    await store.close();
    rmSync(`${decisionsFile(copy)}-shm`);
    expect(foundWithoutWriteAccess(copy)).toMatch(/^unreadable: .*needs write access/);
  });
});

describe('what the reader refuses', () => {
  const dirWith = (make: (file: string) => void): string => {
    const dataDir = newDir();
    mkdirSync(dataDir);
    make(decisionsFile(dataDir));
    return dataDir;
  };
  test.each([
    ['no directory', () => join(scratch, 'nowhere'), 'missing', 'no decisions are recorded'],
    ['no database', () => dirWith(() => undefined), 'missing', 'no decisions are recorded'],
    ['an empty file', () => dirWith((file) => writeFileSync(file, '')), 'missing', 'no decisions yet'],
    ['text', () => dirWith((file) => writeFileSync(file, 'x'.repeat(9000))), 'foreign', 'is not a database'],
    [
      'a database of something else',
      () => dirWith((file) => new DatabaseSync(file).exec('CREATE TABLE notes (text)')),
      'foreign',
      'is a database of something else',
    ],
  ])('%s', (_title, make, kind, message) => {
    const reader = openDecisionsReader(make());
    expect(reader).toMatchObject({
      ok: false,
      error: { kind, message: expect.stringContaining(message) as string },
    });
  });

  test('a database of a newer version, by name', async () => {
    const dataDir = newDir();
    const store = createSqliteStore({ dataDir });
    await store.open();
    await store.close();
    const database = new DatabaseSync(decisionsFile(dataDir));
    database.exec("INSERT INTO kysely_migration VALUES ('0099-later', '2030-01-01')");
    database.close();
    expect(openDecisionsReader(dataDir)).toMatchObject({
      ok: false,
      error: {
        kind: 'foreign',
        message: expect.stringContaining('newer imagegate (it has 0099-later)') as string,
      },
    });
  });
});
