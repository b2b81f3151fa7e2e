import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { lockData } from './data-lock.ts';
import { decisionNumbers } from '../decisions/decision-store.contract.ts';
import { openDecisionsReader } from '../decisions/reader.ts';
import { createSqliteStore } from '../decisions/sqlite.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-lock-'));
let made = 0;
const newDir = (): string => join(scratch, String(++made), 'data');
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Another process that holds the lock until it ends, although it forgets what it got and collects garbage. */
const holder = async (dataDir: string): Promise<ChildProcess> => {
  const program = `
    const { lockData } = await import(${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)});
    console.log(JSON.stringify(lockData(${JSON.stringify(dataDir)}).ok));
    setInterval(() => gc(), 10);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  expect(line.toString().trim()).toBe('true');
  return child;
};

describe('R18: --data is locked', () => {
  test('a second serve is refused and told who holds it', async () => {
    const dataDir = newDir();
    const child = await holder(dataDir);
    await setTimeout(100);
    expect(lockData(dataDir)).toEqual({
      ok: false,
      error: { kind: 'held', message: `${dataDir} is locked by pid ${child.pid}` },
    });
  });

  test('a lock left by kill -9 is not in the way', async () => {
    const dataDir = newDir();
    const child = await holder(dataDir);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = lockData(dataDir);
    expect(lock.ok).toBe(true);
    expect(readdirSync(dataDir).sort()).toEqual(['serve.lock', 'serve.pid']);
    if (lock.ok) lock.value.release();
  });

  test('the same process cannot lock twice, and a refused try does not free the lock', async () => {
    const dataDir = newDir();
    const lock = lockData(dataDir);
    expect(lockData(dataDir)).toMatchObject({ ok: false, error: { kind: 'held' } });
    expect(lockData(dataDir)).toMatchObject({ ok: false, error: { kind: 'held' } });
    if (!lock.ok) throw new Error('not locked');
    lock.value.release();
    lock.value.release();
    await holder(dataDir);
  });

  test('a refused try of this process leaves the lock of another alone', async () => {
    const dataDir = newDir();
    await holder(dataDir);
    for (let n = 0; n < 3; n++)
      expect(lockData(dataDir)).toMatchObject({ ok: false, error: { kind: 'held' } });
  });

  test('readers and the store of the holder work while it is locked', async () => {
    const dataDir = newDir();
    await holder(dataDir);
    const store = createSqliteStore({ dataDir });
    await store.append(decisionNumbers(0, 3));
    const reader = openDecisionsReader(dataDir);
    if (!reader.ok) throw new Error(reader.error.message);
    let found = 0;
    for await (const json of reader.value.recent({ limit: 10 })) found += json === '' ? 0 : 1;
    expect(found).toBe(3);
    reader.value.close();
    await store.close();
  });

  test('a directory that cannot be used is not called locked', () => {
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    expect(lockData(join(file, 'data'))).toMatchObject({ ok: false, error: { kind: 'unusable' } });
  });
});
