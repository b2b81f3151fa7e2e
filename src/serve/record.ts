import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { lockData } from '../adapters/store/sqlite/data-lock.ts';
import { createRecorder, type Recorder, recorderDefaults } from '../adapters/store/decisions/recorder.ts';
import { decisionsFile } from '../adapters/store/decisions/database.ts';
import { createWorkerStore, type WorkerStore } from '../adapters/store/decisions/worker-store.ts';
import type { Log } from '../adapters/log/log.ts';
import type { Config } from '../config/resolved.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { StoreFault } from '../gate/store.ts';
import type { PartState } from '../gate/readiness.ts';
import type { Lifecycle } from './lifecycle.ts';
import { systemClock } from '../concurrency/clock.ts';
import type { Telemetry } from './telemetry.ts';

/** How long a stop waits for the record to be written, in milliseconds. */
const drainRecord = 5_000;

/** Locks `--data`, so that a second `serve` cannot write into the same record (R18). */
export const openData = (config: Config, lifecycle: Lifecycle): Result<string, readonly string[]> => {
  const data = config.data.value;
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is a file; name a folder' : message;
    return fail([`--data ${data} cannot be used: ${why}`]);
  }
  const lock = lockData(data);
  if (!lock.ok) {
    const remedy = lock.error.kind === 'held' ? '; give each gate a --data of its own' : '';
    return fail([`${lock.error.message}${remedy}`]);
  }
  lifecycle.add(() => lock.value.release());
  return ok(data);
};

interface OpenedRecord {
  readonly recorder: Recorder;
  /**
   * Settles soon, with the reason when the file under `--data` is not a record of the gate and a person has to
   * decide.
   */
  readonly foreign: Promise<string | undefined>;
}

/** How long a start waits for the store to open, in milliseconds. */
const openWithin = 1_000;

/**
 * Opens the record now. Trouble with the disk is logged and not fatal (R14). A file that is no record of the gate
 * needs a person.
 */
const openStore = (store: WorkerStore, log: Log): Promise<string | undefined> =>
  store.open().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StoreFault && error.kind === 'foreign') return error.message;
      log.error('the record cannot be opened; the gate keeps answering', { error });
      return undefined;
    },
  );

/**
 * A start waits a short time for an existing record to open. A new record needs no wait: it cannot be a foreign file.
 */
const judgeRecord = (store: WorkerStore, dataDir: string, log: Log): Promise<string | undefined> => {
  const isThere = existsSync(decisionsFile(dataDir));
  const opened = openStore(store, log);
  return Promise.race([opened, setTimeout(isThere ? openWithin : 0, undefined, { ref: false })]);
};

export const openRecord = (
  config: Config,
  storeWorker: URL,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): OpenedRecord => {
  const store = createWorkerStore({ worker: storeWorker, dataDir: config.data.value });
  const recorder = createRecorder({
    ...recorderDefaults,
    store,
    clock: systemClock,
    retention: {
      ...recorderDefaults.retention,
      maxAgeMs: config.recordMaxAge.value,
      maxBytes: config.recordMaxBytes.value,
    },
    observer: {
      stored: (count) => metrics.count('recordWritten', {}, count),
      dropped: (count) => metrics.count('recordDropped', {}, count),
      failed: () => undefined,
      pruned: () => undefined,
      stateChanged: (state) => {
        metrics.set('recordFailing', state.state === 'ok' ? 0 : 1);
        if (state.state === 'ok') log.info('the record is written again');
        else
          log.error('decisions cannot be written to the record; the gate keeps answering', {
            code: state.code,
            reason: state.reason,
          });
      },
    },
  });
  metrics.onScrape(() => metrics.set('recordQueued', recorder.queued()));
  lifecycle.add(async () => {
    const left = await recorder.drain(drainRecord);
    if (left > 0) log.error('decisions were not written to the record before the end', { count: left });
    await store.close();
  });
  return { recorder, foreign: judgeRecord(store, config.data.value, log) };
};

export const recordPart = (recorder: Recorder): PartState => {
  const state = recorder.state();
  if (state.state === 'ok') return { part: 'record', state: 'ok', detail: `${recorder.queued()} queued` };
  return { part: 'record', state: 'trouble', detail: `${state.code}: ${state.reason}` };
};
