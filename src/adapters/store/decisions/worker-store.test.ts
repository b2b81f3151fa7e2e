import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { decisionNumbers, decisionStoreContract } from './decision-store.contract.ts';
import { decisionsFile } from './database.ts';
import { fromBatch, toBatch } from './store-protocol.ts';
import { createWorkerStore, type WorkerStore, type WorkerStoreOptions } from './worker-store.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-worker-store-'));
let made = 0;
const newDir = (): string => join(scratch, String(++made));
const stores: WorkerStore[] = [];
const source = new URL('./sqlite-worker.ts', import.meta.url);
const bundle = pathToFileURL(join(scratch, 'store-worker.js'));
const open = (options: Partial<WorkerStoreOptions> & { dataDir: string }): WorkerStore => {
  const store = createWorkerStore({ worker: bundle, ...options });
  stores.push(store);
  return store;
};
/** One file, as the build makes it. */
beforeAll(async () => {
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: fileURLToPath(bundle),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

decisionStoreContract('SQLite in a thread', () => {
  const dataDir = newDir();
  let store = open({ dataDir });
  const reopen = async (): Promise<WorkerStore> => {
    await store.close();
    return (store = open({ dataDir }));
  };
  return Promise.resolve({ store, reopen });
});

describe('the thread of the store', () => {
  test('runs from source too', async () => {
    const store = open({ dataDir: newDir(), worker: source });
    await store.append(decisionNumbers(0, 10));
    expect(await store.recent({ limit: 3 })).toHaveLength(3);
  });

  test('says at the start that a database is not ours', async () => {
    const dataDir = scratch;
    new DatabaseSync(decisionsFile(dataDir)).exec('CREATE TABLE notes (text)');
    await expect(open({ dataDir }).open()).rejects.toMatchObject({ name: 'StoreFault', kind: 'foreign' });
  });

  test('that ends fails its calls, and the next call starts another', async () => {
    const worker = join(scratch, 'mortal.mjs');
    writeFileSync(
      worker,
      `import { parentPort } from 'node:worker_threads';
       parentPort.once('message', () => { throw new Error('out of luck'); });`,
    );
    const store = open({ dataDir: newDir(), worker: pathToFileURL(worker) });
    const calls = [store.open(), store.append(decisionNumbers(0, 1)), store.find('x')];
    const outcomes = await Promise.allSettled(calls);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable', code: 'THREAD' } });
    }
    await expect(store.open()).rejects.toThrow('out of luck');
  });

  test('that cannot start is a fault, not a crash', async () => {
    const store = open({ dataDir: newDir(), worker: pathToFileURL(join(scratch, 'nowhere.js')) });
    await expect(store.append(decisionNumbers(0, 1))).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('that hangs in the disk does not hold up the end of the gate', async () => {
    const dataDir = newDir();
    const store = open({ dataDir, busyTimeoutMs: 20_000, closeMs: 50 });
    await store.open();
    const other = new DatabaseSync(decisionsFile(dataDir));
    other.exec('BEGIN IMMEDIATE');
    const hanging = store.append(decisionNumbers(0, 1)).catch((error: unknown) => error);
    const begun = performance.now();
    await store.close();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await hanging).toMatchObject({ code: 'CLOSED' });
    other.close();
  });

  test('gets batches as flat arrays that lose nothing', () => {
    const batch = decisionNumbers(0, 5);
    expect(fromBatch(toBatch(batch))).toEqual(batch);
  });
});
