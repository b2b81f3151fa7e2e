import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Log } from '../../adapters/log/log.ts';
import type { StoreWriter } from '../../adapters/store/queue/store-writer.ts';
import type { WriterObserver } from '../../adapters/store/queue/writer-options.ts';
import { StoreFault } from '../../gate/store.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';

/** How long a start waits for a store to open, and a stop for it to be written, in milliseconds. */
const openWithin = 3_000;
const drainWithin = 5_000;

/** A store of the gate under `--data`. */
export interface DataStore {
  /** As `/readyz` and the log name it: `record`. */
  readonly part: string;
  readonly file: string;
  readonly store: { open(): Promise<void>; close(): Promise<void> };
  readonly writer: Pick<StoreWriter<never>, 'state' | 'queued' | 'drain'>;
}

/**
 * Opens it now. Trouble with the disk is logged and not fatal (R14). A file of something else, or of a newer version,
 * needs a person. A start waits a short time for an existing file. A new one needs no wait: it cannot be a foreign one.
 *
 * @returns why a person has to decide
 */
export const judgeStore = ({ part, file, store }: DataStore, log: Log): Promise<string | undefined> => {
  const isThere = existsSync(file);
  let isLate = false;
  const opened = store.open().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof StoreFault && error.kind === 'foreign' && !isLate) return error.message;
      log.error(`the ${part} cannot be opened; the gate keeps answering`, { error });
      return undefined;
    },
  );
  const late = setTimeout(isThere ? openWithin : 0, undefined, { ref: false }).then(() => {
    isLate = true;
    return undefined;
  });
  return Promise.race([opened, late]);
};

/** How a gate tells of what it writes to a store. */
interface StoreNames {
  readonly part: 'record' | 'inventory';
  /** What it holds, with what did not happen to it: `decisions cannot be written to the record`. */
  readonly cannot: string;
  /** The same, when the gate has ended: `decisions were not written to the record`. */
  readonly were: string;
}

/** Metrics and lines of the log about one store, until it is closed with the gate. */
export const storeTelemetry = ({ part, cannot, were }: StoreNames, { log, metrics }: Telemetry) => {
  const observer: WriterObserver = {
    stored: (count) => metrics.count(`${part}Written`, {}, count),
    dropped: (count) => metrics.count(`${part}Dropped`, {}, count),
    failed: () => undefined,
    pruned: () => undefined,
    stateChanged: (state) => {
      metrics.set(`${part}Failing`, state.state === 'ok' ? 0 : 1);
      if (state.state === 'ok') log.info(`the ${part} is written again`);
      else log.error(`${cannot}; the gate keeps answering`, { code: state.code, reason: state.reason });
    },
  };
  return {
    observer,
    follow: (store: DataStore, lifecycle: Lifecycle): void => {
      metrics.onScrape(() => metrics.set(`${part}Queued`, store.writer.queued()));
      lifecycle.add(async () => {
        const left = await closeStore(store);
        if (left > 0) log.error(`${were} before the end`, { count: left });
      });
    },
  };
};

/** Writes what waits, and closes it. @returns how much was not written */
export const closeStore = async ({ store, writer }: DataStore): Promise<number> => {
  const left = await writer.drain(drainWithin);
  await store.close();
  return left;
};

/** What `/readyz` says of it. */
export const storePart = ({ part, writer }: Pick<DataStore, 'part' | 'writer'>): PartState => {
  const state = writer.state();
  return state.state === 'ok'
    ? { part, state: 'ok', detail: `${writer.queued()} queued` }
    : { part, state: 'trouble', detail: `${state.code}: ${state.reason}` };
};
