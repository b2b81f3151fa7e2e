import { writeSync } from 'node:fs';

import type { Decision } from '../../src/core/decision/decision.ts';
import { lockData } from '../../src/adapters/store/sqlite/data-lock.ts';
import { createRecorder, recorderDefaults } from '../../src/adapters/store/decisions/recorder.ts';
import { createWorkerStore } from '../../src/adapters/store/decisions/worker-store.ts';

/**
 * A gate without its webhook: locks `--data`, records at 5,000/s, and prints `last-number stored-count time` at once
 * after every few decisions, as an answered webhook call would. Waits for its end by `kill -9`.
 * Usage: recording-process.ts DATA STORE-WORKER ROUND
 */
const [dataDir = '', worker = '', round = ''] = process.argv.slice(2);
const lock = lockData(dataDir);
if (!lock.ok) {
  writeSync(1, `refused ${lock.error.message}\n`);
  process.exit(2);
}

const store = createWorkerStore({ worker: new URL(worker), dataDir });
await store.open();
let dropped = 0;
const recorder = createRecorder({
  ...recorderDefaults,
  store,
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  observer: {
    stored: () => undefined,
    dropped: (count) => (dropped += count),
    failed: () => undefined,
    pruned: () => undefined,
    stateChanged: () => undefined,
  },
});

const padding = 'x'.repeat(1000);
const recordOne = (n: number): void => {
  const decision: Decision = {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'Decision',
    id: `round-${round}-${String(n).padStart(9, '0')}`,
    time: new Date().toISOString(),
    source: 'admission',
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'production', name: `web-${n}` },
    images: [],
    findings: [],
    allowed: n % 10 !== 0,
    warnings: [],
    exemptions: [],
    versions: {},
    durations: {},
  };
  recorder.record(decision, Buffer.from(JSON.stringify({ ...decision, padding })));
};

// Never outlives a test that broke off: its end closes this pipe. A clock of its own would end a slow test.
process.stdin.on('close', () => process.exit(3)).resume();

const everyMs = 4;
let burst = 20;
/** Shortly before its end: as fast as the store takes it, so that the kill falls into a write. */
process.on('SIGUSR2', () => {
  burst = 500;
  setTimeout(() => (burst = 20), 150);
});

const backlog = 2000;
let recorded = 0;
setInterval(() => {
  // The promise of one second holds while the store keeps up; this process may be short of a processor.
  if (recorder.queued() > backlog || dropped > 0) return;
  for (let n = 0; n < burst; n++) recordOne(recorded++);
  writeSync(1, `${recorded - 1} ${recorded - recorder.queued()} ${Date.now()}\n`);
}, everyMs);
