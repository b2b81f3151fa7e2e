import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';

import type { Decision } from '../../../core/decision/decision.ts';
import type { DecisionStore, StoredDecision } from '../../../gate/decision-store.ts';
import { StoreFault } from '../../../gate/store.ts';
import { lockData } from '../sqlite/data-lock.ts';
import type { WriterState } from '../queue/writer-health.ts';
import type { WriterOptions } from '../queue/writer-options.ts';
import { decisionsFile } from './database.ts';
import { createRecorder, type Recorder, recorderDefaults } from './recorder.ts';
import { createSqliteStore } from './sqlite.ts';
import { createWorkerStore } from './worker-store.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-recorder-'));
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const decision = (n: number, allowed = true): Decision => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'Decision',
  id: `replica-${String(n).padStart(9, '0')}`,
  time: '2026-01-01T00:00:00.000Z',
  source: 'admission',
  object: { apiVersion: 'v1', kind: 'Pod', namespace: 'production', name: `web-${n}` },
  images: [],
  findings: [],
  allowed,
  warnings: [],
  exemptions: [],
  versions: {},
  durations: {},
});

/** A recorder whose counts and reports are kept. */
const record = (
  store: WriterOptions<StoredDecision>['store'],
  change: Partial<WriterOptions<StoredDecision>> = {},
) => {
  const counts = { stored: 0, pruned: 0, failed: [] as string[], dropped: {} as Record<string, number> };
  const reports: WriterState[] = [];
  const recorder = createRecorder({
    ...recorderDefaults,
    flushMs: 20,
    store,
    clock,
    observer: {
      stored: (count) => (counts.stored += count),
      dropped: (count, why) => (counts.dropped[why] = (counts.dropped[why] ?? 0) + count),
      failed: (code) => counts.failed.push(code),
      pruned: (count) => (counts.pruned += count),
      stateChanged: (state) => reports.push(state),
    },
    ...change,
  });
  endings.push(() => recorder.drain(100));
  const recordMany = (from: number, to: number, json = '{"a":1}'): void => {
    for (let n = from; n < to; n++) recorder.record(decision(n), Buffer.from(json));
  };
  return { recorder, counts, reports, recordMany };
};

/** A store whose answers the test decides. */
const scripted = () => {
  const batches: (readonly StoredDecision[])[] = [];
  let fault: StoreFault | undefined;
  let refuses: (decision: StoredDecision) => boolean = () => false;
  const store: Pick<DecisionStore, 'append' | 'prune'> = {
    append: (batch) => {
      if (fault !== undefined) return Promise.reject(fault);
      if (batch.some(refuses)) return Promise.reject(new StoreFault('rejected', 'SQLITE_CONSTRAINT', 'no'));
      batches.push(batch);
      return Promise.resolve();
    },
    prune: () => Promise.resolve({ removed: 0, more: false }),
  };
  return {
    store,
    batches,
    fail: (next: StoreFault | undefined) => (fault = next),
    refuse: (which: (decision: StoredDecision) => boolean) => (refuses = which),
  };
};
const diskFull = new StoreFault('unavailable', 'SQLITE_FULL', 'database or disk is full');
const eventually = (assert: () => void): Promise<void> =>
  vi.waitFor(assert, { timeout: 10_000, interval: 5 });

const longestRecord = (recorder: Recorder, times: number): number => {
  let longest = 0;
  const json = Buffer.from('{"a":1}');
  for (let n = 0; n < times; n++) {
    const used = threadTime(() => recorder.record(decision(n), json));
    longest = Math.max(longest, used);
  }
  return longest;
};

describe('the queue', () => {
  test('flushes by time', async () => {
    const { store, batches } = scripted();
    const { recordMany, recorder } = record(store);
    recordMany(0, 3);
    expect(batches).toEqual([]);
    await eventually(() => expect(batches.map((batch) => batch.length)).toEqual([3]));
    expect(recorder.queued()).toBe(0);
  });

  test('flushes by size, before the time', async () => {
    const { store, batches } = scripted();
    const { recordMany } = record(store, { flushMs: 60_000, flushItems: 100 });
    recordMany(0, 100);
    await eventually(() => expect(batches.map((batch) => batch.length)).toEqual([100]));
  });

  test('stores what the object was and what was decided', async () => {
    const { store, batches } = scripted();
    const { recorder } = record(store);
    recorder.record(decision(7, false), Buffer.from('{"n":7}'));
    await eventually(() => expect(batches).toHaveLength(1));
    expect(batches[0]).toEqual([
      {
        id: 'replica-000000007',
        time: Date.UTC(2026, 0, 1),
        allowed: false,
        namespace: 'production',
        kind: 'Pod',
        name: 'web-7',
        json: Buffer.from('{"n":7}'),
      },
    ]);
  });

  test('keeps the order, also across a fault', async () => {
    const { store, batches, fail } = scripted();
    const { recordMany, counts } = record(store, { flushItems: 10 });
    recordMany(0, 500);
    fail(diskFull);
    recordMany(500, 1000);
    await eventually(() => expect(counts.failed.length).toBeGreaterThan(1));
    fail(undefined);
    await eventually(() => expect(counts.stored).toBe(1000));
    const ids = batches.flat().map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
  });

  test('never sends more than a bounded batch', async () => {
    const { store, batches } = scripted();
    const { recordMany, counts } = record(store);
    recordMany(0, 20, 'x'.repeat(1024 * 1024));
    await eventually(() => expect(counts.stored).toBe(20));
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(4);
  });

  test.each([
    ['items', { maxItems: 100 }, '{}'],
    ['bytes', { maxBytes: 100 * (256 + 1000) }, 'x'.repeat(1000)],
  ])('full by %s refuses the newest, counts it, says so once, and recovers', async (_what, limits, json) => {
    const { store, batches, fail } = scripted();
    fail(diskFull);
    const { recordMany, counts, recorder, reports } = record(store, limits);
    recordMany(0, 150, json);
    expect(recorder.queued()).toBe(100);
    expect(counts.dropped).toEqual({ 'queue-full': 50 });
    await eventually(() => expect(counts.failed.length).toBeGreaterThan(1));
    expect(recorder.state()).toMatchObject({ state: 'failing', code: 'SQLITE_FULL' });
    expect(reports).toHaveLength(1);
    fail(undefined);
    await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
    expect(batches.flat().map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => decision(n).id));
    expect(reports).toHaveLength(2);
    recordMany(150, 160, json);
    await eventually(() => expect(counts.stored).toBe(110));
  });

  const foreign = (n: number, namespace: string): Decision => ({
    ...decision(n),
    object: { apiVersion: 'v1', kind: 'Pod', namespace, name: `p${n}` },
  });

  test('R26, B46: full by one namespace has capacity for another, and what came first stays', async () => {
    const { store, batches, fail } = scripted();
    fail(diskFull);
    // 1,000 are the batch under way, 1,000 wait.
    const { counts, recorder } = record(store, { maxItems: 2000, flushMs: 10 });
    for (let n = 0; n < 5000; n++) recorder.record(foreign(n, 'evil'), Buffer.from('{}'));
    await eventually(() => expect(counts.failed.length).toBeGreaterThan(1));
    for (let n = 5000; n < 5100; n++) recorder.record(foreign(n, 'shop'), Buffer.from('{}'));
    expect(recorder.queued()).toBe(2000);
    fail(undefined);
    await eventually(() => expect(recorder.queued()).toBe(0));
    const ids = (from: number, end: number) =>
      Array.from({ length: end - from }, (_, at) => decision(from + at).id);
    const stored = batches.flat().map(({ id }) => id);
    expect(stored.toSorted()).toEqual([...ids(0, 1900), ...ids(5000, 5100)]);
    expect(counts.dropped).toEqual({ 'queue-full': 3100 });
  });

  test('loses only what the store rejects', async () => {
    const { store, batches, refuse } = scripted();
    refuse(({ id }) => id === decision(137).id);
    const { recordMany, counts, recorder } = record(store);
    recordMany(0, 300);
    await eventually(() => expect(counts.stored).toBe(299));
    expect(counts.dropped).toEqual({ rejected: 1 });
    expect(batches.flat().map(({ id }) => id)).not.toContain(decision(137).id);
    await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
  });

  test('a decision without a readable time is stored with the present one', async () => {
    const { store, batches } = scripted();
    const { recorder } = record(store, { clock: { ...clock, now: () => 42 } });
    recorder.record({ ...decision(1), time: 'yesterday' }, Buffer.from('{}'));
    await eventually(() => expect(batches[0]?.[0]?.time).toBe(42));
  });
});

describe('retention', () => {
  test('runs in slices between batches, and again after a share of the limit was written', async () => {
    const calls: string[] = [];
    let left = 3;
    const { recordMany, counts } = record(
      {
        append: (batch) => Promise.resolve(void calls.push(`append ${batch.length}`)),
        prune: () => Promise.resolve({ removed: 5, more: --left > 0 }),
      },
      { retention: { maxAgeMs: 1, maxBytes: 64_000, slice: 5 } },
    );
    recordMany(0, 1);
    await eventually(() => expect(counts.pruned).toBe(15));
    expect(calls).toEqual(['append 1']);
    recordMany(1, 40);
    await eventually(() => expect(counts.pruned).toBe(20));
  });

  test('that fails is reported until it works again, and nothing recorded suffers', async () => {
    const { store } = scripted();
    let monotonic = 0;
    let broken = true;
    const prune = (): ReturnType<DecisionStore['prune']> =>
      broken ? Promise.reject(diskFull) : Promise.resolve({ removed: 0, more: false });
    const { recordMany, counts, recorder, reports } = record(
      { ...store, prune },
      { clock: { now: () => 0, monotonic: () => monotonic } },
    );
    recordMany(0, 10);
    await eventually(() => expect(counts.stored).toBe(10));
    expect(recorder.state()).toMatchObject({ code: 'SQLITE_FULL' });
    broken = false;
    monotonic += 1000;
    await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
    expect(reports).toHaveLength(2);
  });
});

describe('the end', () => {
  test('drain stores what is held and takes no more', async () => {
    const { store } = scripted();
    const { recordMany, counts, recorder } = record(store, { flushMs: 60_000 });
    recordMany(0, 30);
    expect(await recorder.drain(5000)).toBe(0);
    expect(counts.stored).toBe(30);
    recordMany(30, 32);
    expect(counts.dropped).toEqual({ closed: 2 });
  });

  test('drain wakes a recorder that waits for the disk', async () => {
    const { store, fail } = scripted();
    fail(diskFull);
    const { recordMany, counts, recorder } = record(store);
    recordMany(0, 30);
    await eventually(() => expect(counts.failed.length).toBeGreaterThan(3));
    fail(undefined);
    expect(await recorder.drain(5000)).toBe(0);
    expect(counts.stored).toBe(30);
  });

  test('drain ends at its deadline and says how many are not stored', async () => {
    const { recordMany, recorder } = record({
      append: () => new Promise(() => undefined),
      prune: () => Promise.resolve({ removed: 0, more: false }),
    });
    recordMany(0, 30);
    const begun = performance.now();
    expect(await recorder.drain(50)).toBe(30);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test('draining an idle recorder is done at once', async () => {
    const { recorder } = record(scripted().store);
    expect(await recorder.drain(5000)).toBe(0);
  });
});

const threadStore = (dataDir: string, busyTimeoutMs: number) => {
  const worker = new URL('./sqlite-worker.ts', import.meta.url);
  const store = createWorkerStore({ worker, dataDir, busyTimeoutMs });
  endings.push(() => store.close());
  return store;
};

describe('R14: the disk', () => {
  test('slow: record() stays fast while the thread of the store is blocked, and nothing is lost', async () => {
    const dataDir = join(scratch, 'slow');
    const store = threadStore(dataDir, 10_000);
    await store.open();
    const { recorder, counts, reports } = record(store, { stallMs: 100 });
    // A lock by somebody else blocks the thread in SQLite exactly as a disk that does not answer would.
    const other = new DatabaseSync(decisionsFile(dataDir));
    other.exec('BEGIN IMMEDIATE');
    expect(longestRecord(recorder, 5000)).toBeLessThan(50);
    await eventually(() => expect(recorder.state()).toMatchObject({ state: 'failing', code: 'STALLED' }));
    expect(counts.stored).toBe(0);
    other.exec('ROLLBACK');
    other.close();
    await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
    await eventually(() => expect(counts.stored).toBe(5000));
    expect(counts.dropped).toEqual({});
    // A busy machine may stall the thread again for 100 ms; each change is reported once.
    expect(reports.map(({ state }) => state)).toEqual(
      reports.map((_, at) => (at % 2 === 0 ? 'failing' : 'ok')),
    );
    expect(reports.at(-1)).toEqual({ state: 'ok' });
  });

  const smallDisk = join(scratch, 'small-disk');
  const mounted = ((): boolean => {
    try {
      mkdirSync(smallDisk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', smallDisk], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  afterAll(() => {
    if (mounted) execFileSync('umount', [smallDisk]);
  });

  // Only root may mount; sqlite.test.ts and the test below cover a full disk for everybody else.
  test.runIf(mounted)(
    'full file system: counted, reported once, and well again when there is room',
    async () => {
      const dataDir = join(smallDisk, 'data');
      const store = threadStore(dataDir, 100);
      await store.open();
      const { bavail, bsize } = statfsSync(smallDisk);
      const ballast = join(smallDisk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
      // A gate that starts again now must not be kept from it.
      const lock = lockData(dataDir);
      expect(lock.ok).toBe(true);
      if (lock.ok) lock.value.release();
      const { recorder, recordMany, counts, reports } = record(store, { maxItems: 1000 });
      recordMany(0, 1500, 'x'.repeat(1200));
      await eventually(() => expect(counts.failed.length).toBeGreaterThan(2));
      expect(recorder.state()).toMatchObject({ state: 'failing', code: 'SQLITE_FULL' });
      expect(counts).toMatchObject({ stored: 0, dropped: { 'queue-full': 500 } });
      expect(reports).toHaveLength(1);
      rmSync(ballast);
      await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
      await eventually(() => expect(counts.stored).toBe(1000));
      expect(await store.recent({ limit: 5000 })).toHaveLength(1000);
    },
  );

  test('full database: counted, reported once, and the queue stays bounded', async () => {
    const store = createSqliteStore({ dataDir: join(scratch, 'full'), maxPages: 64 });
    endings.push(() => store.close());
    const { recorder, recordMany, counts, reports } = record(store, { maxItems: 1000 });
    recordMany(0, 1000, 'x'.repeat(1200));
    await eventually(() => expect(counts.failed.length).toBeGreaterThan(2));
    recordMany(1000, 3000);
    expect(recorder.queued()).toBeLessThanOrEqual(1000);
    expect(recorder.state()).toMatchObject({ state: 'failing', code: 'SQLITE_FULL' });
    expect(reports).toHaveLength(1);
  });

  test('absent at the start: recording begins when the directory can be made', async () => {
    const blocker = join(scratch, 'not-a-directory');
    writeFileSync(blocker, '');
    const store = threadStore(join(blocker, 'data'), 100);
    const { recorder, recordMany, counts } = record(store);
    recordMany(0, 10);
    await eventually(() => expect(recorder.state()).toMatchObject({ state: 'failing', code: 'ENOTDIR' }));
    rmSync(blocker);
    await eventually(() => expect(counts.stored).toBe(10));
    await eventually(() => expect(recorder.state()).toEqual({ state: 'ok' }));
  });
});
