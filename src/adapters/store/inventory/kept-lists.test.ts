import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';

import { systemClock } from '../../../concurrency/clock.ts';
import { absent, known } from '../../../core/facts/fact.ts';
import type { InventoryEntry } from '../../../gate/inventory.ts';
import { StoreFault } from '../../../gate/store.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import type { WriterState } from '../queue/writer-health.ts';
import { inventoryFile } from './database.ts';
import { imageNumber, listFrom, richList } from './inventory.contract.ts';
import { createKeptLists, inventoryDefaults, type KeptListsOptions } from './kept-lists.ts';
import { createWorkerInventory } from './worker-inventory.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-kept-lists-'));
let made = 0;
const newDir = (): string => join(scratch, String(++made), 'data');
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const worker = new URL('./inventory-worker.ts', import.meta.url);
const openThread = (dataDir: string, busyTimeoutMs = 5_000) => {
  const store = createWorkerInventory({ worker, dataDir, busyTimeoutMs, closeMs: 100 });
  endings.push(() => store.close());
  return store;
};
const cataloger = 'imagegate 3';
const host = 'registry.example.com';
const eventually = (assert: () => void): Promise<void> =>
  vi.waitFor(assert, { timeout: 20_000, interval: 5 });

const keepIn = (store: KeptListsOptions['store'], change: Partial<KeptListsOptions> = {}) => {
  const counts = { stored: 0, dropped: {} as Record<string, number>, failed: [] as string[] };
  const reports: WriterState[] = [];
  const lists = createKeptLists({
    ...inventoryDefaults,
    flushMs: 5,
    findMs: 20_000,
    clock: systemClock,
    observer: {
      stored: (count) => (counts.stored += count),
      dropped: (count, why) => (counts.dropped[why] = (counts.dropped[why] ?? 0) + count),
      failed: (code) => counts.failed.push(code),
      pruned: () => undefined,
      stateChanged: (state) => reports.push(state),
    },
    store,
    ...change,
  });
  endings.push(() => lists.drain(100));
  return { lists, counts, reports };
};
/** A store whose answers the test decides. */
const scripted = (list: KeptListsOptions['store']['list'] = () => Promise.resolve(undefined)) => {
  const written: InventoryEntry[] = [];
  const store: KeptListsOptions['store'] = {
    append: (batch) => Promise.resolve(void written.push(...batch)),
    prune: () => Promise.resolve({ removed: 0, more: false }),
    list,
  };
  return { store, written };
};

describe('kept lists', () => {
  test('are found by the next process, and no thread runs before one is asked for', async () => {
    const dataDir = newDir();
    const idle = openThread(dataDir);
    expect(await idle.prune(inventoryDefaults.retention, 0)).toEqual({ removed: 0, more: false });
    await idle.close();
    expect(existsSync(dataDir)).toBe(false);

    const first = keepIn(openThread(dataDir));
    expect(await first.lists.find(imageNumber(1), cataloger)).toEqual(absent);
    first.lists.keep(imageNumber(1), cataloger, richList, host);
    expect(await first.lists.drain(20_000)).toBe(0);

    const store = openThread(dataDir);
    const second = keepIn(store);
    expect(await second.lists.find(imageNumber(1), cataloger)).toEqual(known(richList));
    expect((await store.listed()).rows).toHaveLength(1);
    expect((await store.holding({ names: [{ ecosystem: 'npm', name: 'left-pad' }] })).rows).toHaveLength(2);
    expect((await store.lacking('another')).rows).toEqual([imageNumber(1)]);
  });

  test('V6: are found by the next process for the host that delivered them, and count as used where they are found', async () => {
    const dataDir = newDir();
    const first = keepIn(openThread(dataDir));
    first.lists.keep(imageNumber(1), cataloger, richList, host);
    first.lists.keep(imageNumber(1), cataloger, richList, 'mirror.example.com');
    expect(await first.lists.drain(20_000)).toBe(0);
    const store = openThread(dataDir);
    const { lists } = keepIn(store);
    for (const from of [host, 'mirror.example.com'])
      expect(await lists.find(imageNumber(1), cataloger, from)).toEqual(known(richList));
    expect(await lists.find(imageNumber(1), cataloger, 'evil.example.com')).toEqual(absent);
    expect(await lists.find(imageNumber(2), cataloger, 'evil.example.com')).toEqual(absent);
    await eventually(() => expect(lists.queued()).toBe(0));
    expect((await store.lacking(cataloger)).rows).toEqual([]);
  });

  test('that somebody asks for count as used, once in an hour', async () => {
    const { store, written } = scripted();
    let monotonic = 0;
    const clock = { now: () => monotonic + 5, monotonic: () => monotonic };
    const { lists } = keepIn(store, { clock });
    for (const passed of [0, 10, 3_599_999, 3_600_000]) {
      monotonic = passed;
      await lists.find(imageNumber(1), cataloger);
      await eventually(() => expect(lists.queued()).toBe(0));
    }
    expect(written.map(({ usedAt, found }) => [usedAt, found])).toEqual([
      [5, undefined],
      [3_600_005, undefined],
    ]);
  });

  test('R14: keep() takes no time while the disk hangs, what does not fit is counted, and find() does not wait', async () => {
    const dataDir = newDir();
    const store = openThread(dataDir, 60_000);
    await store.open();
    const other = new DatabaseSync(inventoryFile(dataDir));
    other.exec('BEGIN IMMEDIATE');
    const { lists, counts, reports } = keepIn(store, { maxItems: 100, stallMs: 500, findMs: 100 });
    const used = threadTime(() => {
      for (let n = 0; n < 500; n += 1) lists.keep(imageNumber(n), cataloger, richList, host);
    });
    expect(used).toBeLessThan(500);
    expect(counts.dropped).toEqual({ 'queue-full': 400 });
    // The thread waits for the lock of somebody else, as it would for a disk that does not answer.
    await eventually(() => expect(lists.state()).toMatchObject({ code: 'STALLED' }));
    expect(await lists.find(imageNumber(1), cataloger)).toMatchObject({
      state: 'unavailable',
      why: { why: 'the inventory has not answered for 100 ms' },
    });
    other.exec('ROLLBACK');
    other.close();
    await eventually(() => expect(lists.state()).toEqual({ state: 'ok' }));
    expect(lists.queued()).toBe(0);
    expect(reports.at(-1)).toEqual({ state: 'ok' });
  });

  test('V16: a store that fails is neither a list nor none, and is told', async () => {
    const { store } = scripted(() => Promise.reject(new StoreFault('unavailable', 'SQLITE_CORRUPT', 'torn')));
    const { lists, counts, reports } = keepIn(store, { flushMs: 60_000 });
    expect(await lists.find(imageNumber(1), cataloger)).toEqual({
      state: 'unavailable',
      why: { what: `the kept package list of ${imageNumber(1)}`, why: 'torn' },
    });
    expect(counts.failed).toEqual(['SQLITE_CORRUPT']);
    expect(reports).toMatchObject([{ state: 'failing', code: 'SQLITE_CORRUPT' }]);
  });

  test('V16: a file that is damaged, or that nobody may write, is unavailable through the thread too', async () => {
    const dataDir = newDir();
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(inventoryFile(dataDir), 'x'.repeat(10_000));
    const { lists } = keepIn(openThread(dataDir));
    expect(await lists.find(imageNumber(1), cataloger)).toMatchObject({ state: 'unavailable' });
    lists.keep(imageNumber(1), cataloger, richList, host);
    await eventually(() => expect(lists.state()).toMatchObject({ code: 'SQLITE_NOTADB' }));

    const blocked = keepIn(openThread(join(inventoryFile(dataDir), 'data')));
    expect(await blocked.lists.find(imageNumber(1), cataloger)).toMatchObject({ state: 'unavailable' });
    expect(blocked.lists.state()).toMatchObject({ state: 'failing', code: 'ENOTDIR' });
  });

  test('at most 64 readers wait for a disk that hangs', async () => {
    let asked = 0;
    const { store } = scripted(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const { lists } = keepIn(store, { findMs: 50 });
    const found = await Promise.all(
      Array.from({ length: 100 }, (_, n) => lists.find(imageNumber(n), cataloger)),
    );
    expect(asked).toBe(64);
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['unavailable']));
  });

  test('beyond their limits are not kept, which is counted', async () => {
    const { store, written } = scripted();
    const { lists, counts } = keepIn(store);
    const one = { ecosystem: 'npm', name: 'a', version: '1' };
    lists.keep(imageNumber(1), cataloger, listFrom(...Array.from({ length: 50_001 }, () => one)), host);
    lists.keep(imageNumber(2), cataloger, listFrom({ ...one, path: 'x'.repeat(17 * 1024 * 1024) }), host);
    lists.keep(imageNumber(3), cataloger, listFrom(one), host);
    await eventually(() => expect(counts.stored).toBe(1));
    expect(written.map(({ image }) => image)).toEqual([imageNumber(3)]);
    expect(counts.dropped).toEqual({ rejected: 2 });
  });
});
