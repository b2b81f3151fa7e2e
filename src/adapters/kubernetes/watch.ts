import type { JsonObject } from '../../core/json.ts';
import type { Clock } from '../../gate/ports.ts';
import type { ApiClient, ApiProblem } from './client.ts';
import { localProblem } from './client-problem.ts';
import { listAll, type WatchTarget } from './watch-list.ts';
import { createBackoff, pause } from './watch-pace.ts';
import { watchOnce } from './watch-session.ts';

export type { WatchTarget } from './watch-list.ts';

/** Takes what was seen. `replace` is the complete truth, after a list; the others follow one event each. */
export interface WatchSink<T> {
  replace(all: readonly T[]): void;
  upsert(one: T): void;
  delete(one: T): void;
}

/** For readiness and metrics. What was once seen stays in use while the watch is stale (R14). */
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
export const WATCH_TIMING: WatchTiming = {
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
  /** Keeps what is needed of an object; undefined leaves it out. Must not throw. */
  readonly read: (object: JsonObject) => T | undefined;
  readonly timing?: Partial<WatchTiming>;
  readonly random?: () => number;
  /** Called when synced, stale or lastError changed. */
  readonly onState?: (state: WatchState) => void;
}

export interface Watch {
  start(): void;
  state(): WatchState;
  /** Ends the loop and its connection; resolves when both are gone. */
  close(): Promise<void>;
}

/** Lists, then watches, for ever: every kind of trouble ends in another attempt, and the state says so. */
export function createWatch<T>(options: WatchOptions<T>): Watch {
  const closing = new AbortController();
  const condition = createCondition(options);
  let running: Promise<void> | undefined;
  return {
    start: () => {
      running ??= run(options, condition, closing.signal);
    },
    state: () => condition.state(),
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

interface Condition {
  state(): WatchState;
  synced(): void;
  healthy(): void;
  failed(problem: ApiProblem): void;
}

async function run<T>(options: WatchOptions<T>, condition: Condition, signal: AbortSignal): Promise<void> {
  const timing = { ...WATCH_TIMING, ...options.timing };
  const random = options.random ?? Math.random;
  const backoff = createBackoff(timing.firstRetry, timing.lastRetry, random);
  const retry = async (problem: ApiProblem): Promise<void> => {
    condition.failed(problem);
    await pause(backoff.next(problem.retryAfter), signal);
  };
  while (!signal.aborted) {
    try {
      const listed = await listAll(options.client, options.target, options.read, signal);
      if (signal.aborted) return;
      if (!listed.ok) {
        await retry(listed.error);
        continue;
      }
      options.sink.replace(listed.value.items);
      condition.synced();
      const listedAt = options.clock.monotonic();
      const problem = await follow(options, listed.value.resourceVersion, {
        timing,
        random,
        condition,
        backoff,
        signal,
      });
      if (problem !== undefined && !signal.aborted) await retry(problem);
      else if (options.clock.monotonic() - listedAt < timing.firstRetry)
        await pause(timing.firstRetry, signal);
    } catch (error) {
      // A sink that throws is a defect of ours: the next list gives it another chance.
      await retry(
        localProblem('BadAnswer', `handling of ${options.target.resource.resource} failed: ${String(error)}`),
      );
    }
  }
}

interface Loop {
  readonly timing: WatchTiming;
  readonly random: () => number;
  readonly condition: Condition;
  readonly backoff: ReturnType<typeof createBackoff>;
  readonly signal: AbortSignal;
}

/** Watches from one version on, connection after connection, until a list is due. */
async function follow<T>(
  options: WatchOptions<T>,
  from: string,
  loop: Loop,
): Promise<ApiProblem | undefined> {
  const { timing, condition, backoff, signal } = loop;
  const until = options.clock.monotonic() + timing.resync * (0.9 + 0.2 * loop.random());
  let resourceVersion = from;
  let failures = 0;
  while (!signal.aborted && options.clock.monotonic() < until) {
    const opened = options.clock.monotonic();
    const [shortest, longest] = timing.watchFor;
    const session = await watchOnce(options, resourceVersion, signal, {
      lasting: shortest + (longest - shortest) * loop.random(),
      atMost: until - opened,
      idle: timing.idle,
      onOpen: () => condition.healthy(),
    });
    resourceVersion = session.resourceVersion;
    const lasted = options.clock.monotonic() - opened;
    if (session.end === 'closed' || lasted > timing.lastRetry) {
      backoff.reset();
      failures = 0;
    }
    if (session.end === 'relist') return session.problem;
    if (session.end === 'closed') {
      // A server that ends every watch at once must not be asked in a tight loop.
      if (lasted < timing.firstRetry) await pause(timing.firstRetry, signal);
      continue;
    }
    if (signal.aborted) return undefined;
    condition.failed(session.problem);
    failures += 1;
    if (failures >= 5) return session.problem;
    await pause(backoff.next(session.problem.retryAfter), signal);
  }
  return undefined;
}

function createCondition<T>(options: WatchOptions<T>): Condition {
  let state: WatchState = { synced: false };
  const set = (next: WatchState): void => {
    const same = next.synced === state.synced && next.staleSince === state.staleSince;
    const changed = !same || next.lastError?.message !== state.lastError?.message;
    state = next;
    if (changed) options.onState?.(state);
  };
  return {
    state: () => state,
    synced: () => set({ synced: true }),
    healthy: () => set({ synced: state.synced }),
    failed: (problem) =>
      set({
        synced: state.synced,
        staleSince: state.staleSince ?? options.clock.now(),
        lastError: problem,
      }),
  };
}
