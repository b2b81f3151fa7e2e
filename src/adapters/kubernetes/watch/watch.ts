import { localProblem, type ApiProblem } from '../client/problem.ts';
import { listAll } from './list.ts';
import { watchTiming, type WatchOptions, type WatchState, type WatchTiming } from './options.ts';
import { type Backoff, createBackoff } from '../../../concurrency/backoff.ts';
import { sleep } from '../../../concurrency/abort.ts';
import { openWatchStream } from './stream.ts';

export interface Watch {
  start(): void;
  state(): WatchState;
  /** Ends the loop and its connection; resolves when both are gone. */
  close(): Promise<void>;
}

/** Lists, then watches, for ever. Every failure leads to another attempt, and the state reports it. */
export const createWatch = <T>(options: WatchOptions<T>): Watch => {
  const closing = new AbortController();
  const health = createWatchHealth(options);
  let running: Promise<void> | undefined;
  return {
    start: () => {
      running ??= listAndWatch(options, health, closing.signal);
    },
    state: () => health.state(),
    close: async () => {
      closing.abort();
      await running;
    },
  };
};

interface WatchHealth {
  state(): WatchState;
  synced(): void;
  healthy(): void;
  failed(problem: ApiProblem): void;
}

const listAndWatch = async <T>(
  options: WatchOptions<T>,
  health: WatchHealth,
  signal: AbortSignal,
): Promise<void> => {
  const timing = { ...watchTiming, ...options.timing };
  const random = options.random ?? Math.random;
  const backoff = createBackoff({ first: timing.firstRetry, max: timing.lastRetry }, random);
  const retry = async (problem: ApiProblem): Promise<void> => {
    health.failed(problem);
    await sleep(backoff.next(problem.retryAfter), signal, false);
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
      health.synced();
      const listedAt = options.clock.monotonic();
      const problem = await watchUntilRelist(options, listed.value.resourceVersion, {
        timing,
        random,
        health,
        backoff,
        signal,
      });
      if (problem !== undefined && !signal.aborted) await retry(problem);
      else if (options.clock.monotonic() - listedAt < timing.firstRetry)
        await sleep(timing.firstRetry, signal, false);
    } catch (error) {
      // A sink that throws is a defect. The next list tries again.
      await retry(
        localProblem('BadAnswer', `handling of ${options.target.resource.resource} failed: ${String(error)}`),
      );
    }
  }
};

interface StreamLoopDeps {
  readonly timing: WatchTiming;
  readonly random: () => number;
  readonly health: WatchHealth;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
}

/** Watches from one resource version on, stream after stream, until a list is due. */
const watchUntilRelist = async <T>(
  options: WatchOptions<T>,
  from: string,
  deps: StreamLoopDeps,
): Promise<ApiProblem | undefined> => {
  const { timing, health, backoff, signal } = deps;
  const until = options.clock.monotonic() + timing.resync * (0.9 + 0.2 * deps.random());
  let resourceVersion = from;
  let failures = 0;
  while (!signal.aborted && options.clock.monotonic() < until) {
    const opened = options.clock.monotonic();
    const [shortest, longest] = timing.watchFor;
    const stream = await openWatchStream(options, resourceVersion, signal, {
      timeout: shortest + (longest - shortest) * deps.random(),
      maxAge: until - opened,
      maxIdle: timing.idle,
      onOpen: () => health.healthy(),
    });
    resourceVersion = stream.resourceVersion;
    const lasted = options.clock.monotonic() - opened;
    if (stream.end === 'closed' || lasted > timing.lastRetry) {
      backoff.reset();
      failures = 0;
    }
    if (stream.end === 'relist') return stream.problem;
    if (stream.end === 'closed') {
      // A server that ends every watch at once must not be asked in a tight loop.
      if (lasted < timing.firstRetry) await sleep(timing.firstRetry, signal, false);
      continue;
    }
    if (signal.aborted) return undefined;
    health.failed(stream.problem);
    failures += 1;
    if (failures >= 5) return stream.problem;
    await sleep(backoff.next(stream.problem.retryAfter), signal, false);
  }
  return undefined;
};

const createWatchHealth = <T>(options: WatchOptions<T>): WatchHealth => {
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
};
