import { mkdirSync } from 'node:fs';
import { lockData } from '../../adapters/store/sqlite/data-lock.ts';
import { createRecorder, type Recorder, recorderDefaults } from '../../adapters/store/decisions/recorder.ts';
import { decisionsFile } from '../../adapters/store/decisions/database.ts';
import { createWorkerStore } from '../../adapters/store/decisions/worker-store.ts';
import type { Config } from '../../config/resolved.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { judgeStore, storePart, storeTelemetry, type DataStore } from './open-store.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Telemetry } from '../telemetry.ts';

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
  readonly part: () => PartState;
  /**
   * Settles soon, with the reason when the file under `--data` is not a record of the gate and a person has to
   * decide.
   */
  readonly foreign: Promise<string | undefined>;
}

export const openRecord = (
  config: Config,
  storeWorker: URL,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): OpenedRecord => {
  const { observer, follow } = storeTelemetry(
    {
      part: 'record',
      cannot: 'decisions cannot be written to the record',
      were: 'decisions were not written to the record',
    },
    telemetry,
  );
  const dataDir = config.data.value;
  const store = createWorkerStore({ worker: storeWorker, dataDir });
  const recorder = createRecorder({
    ...recorderDefaults,
    store,
    clock: systemClock,
    retention: {
      ...recorderDefaults.retention,
      maxAgeMs: config.recordMaxAge.value,
      maxBytes: config.recordMaxBytes.value,
    },
    observer,
  });
  const record: DataStore = { part: 'record', file: decisionsFile(dataDir), store, writer: recorder };
  follow(record, lifecycle);
  return { recorder, part: () => storePart(record), foreign: judgeStore(record, telemetry.log) };
};
