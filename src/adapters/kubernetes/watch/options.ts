import type { Clock } from '../../../concurrency/clock.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import type { WatchTarget } from './list.ts';

/** Receives the objects. `replace` gets the complete state after a list; the others get one event each. */
export interface WatchSink<T> {
  replace(all: readonly T[]): void;
  upsert(one: T): void;
  delete(one: T): void;
}

/** For readiness and metrics. Objects stay in use while the watch is stale (R14). */
export interface WatchState {
  /** A complete list was read at least once. */
  readonly synced: boolean;
  /** Wall time since when nothing was heard; absent while all is well. */
  readonly staleSince?: number;
  readonly lastError?: ApiProblem;
}

/** All in milliseconds. */
export interface WatchTiming {
  /** How long the server keeps one watch open: random between these two. */
  readonly watchFor: readonly [number, number];
  /** The list is read again after this long, even when the watch missed nothing. */
  readonly resync: number;
  /** A watch without a byte for this long is opened again: bookmarks come every 75 s at the latest. */
  readonly idle: number;
  readonly firstRetry: number;
  readonly lastRetry: number;
}
export const watchTiming: WatchTiming = {
  watchFor: [5 * 60_000, 10 * 60_000],
  resync: 10 * 60_000,
  idle: 100_000,
  firstRetry: 500,
  lastRetry: 30_000,
};

export interface WatchOptions<T> {
  readonly client: ApiClient;
  readonly target: WatchTarget;
  readonly clock: Clock;
  readonly sink: WatchSink<T>;
  /** Keeps the needed part of an object; `undefined` leaves the object out. Must not throw. */
  readonly read: (object: JsonObject) => T | undefined;
  readonly timing?: Partial<WatchTiming>;
  readonly random?: () => number;
  /** Called when synced, stale or lastError changed. */
  readonly onState?: (state: WatchState) => void;
}
