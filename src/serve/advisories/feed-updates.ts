import { keepAttempts, readAttempts, type FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import { createBackoff } from '../../concurrency/backoff.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { sourcesOf } from '../../adapters/advisories/update/update-feed.ts';
import type { FeedTime } from '../../core/vulnerability/advisory.ts';
import type { LoadedDefaults, LoadedFeed } from '../../config/registries/registry-files.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { updateInThread, type UpdateReply, type UpdateTask } from './feed-thread.ts';

interface UpdateSetting extends Pick<UpdateTask, 'folder' | 'proxy'> {
  /** The program of the threads. */
  readonly program: URL;
  readonly inForce: () => readonly FeedTime[];
}

const defaultEvery = 60 * 60_000;
/** After an update that failed; longer each time, up to the usual wait. */
const firstRetry = 60_000;
/** Replicas that start together do not ask together. */
const maxStartDelay = 10_000;

/** A tenth more or less, so that replicas drift apart. */
const jittered = (wait: number): number => wait * (0.9 + 0.2 * Math.random());

const hasAnswered = ({ outcome }: FeedAttempt): boolean => outcome === 'accepted' || outcome === 'unchanged';

const report = (
  feed: string,
  reply: UpdateReply,
  { log, metrics }: Telemetry,
): { readonly isGood: boolean } => {
  if ('failed' in reply) {
    metrics.count('advisoryUpdates', { feed, outcome: 'failed' });
    log.error('a feed of advisories was not updated; the last good stays', { feed, why: reply.failed });
    return { isGood: false };
  }
  for (const { ecosystem, outcome, why, read, wholeBecause } of reply.attempts) {
    metrics.count('advisoryUpdates', { feed, outcome });
    if (read !== undefined)
      metrics.count('advisoryReads', { feed, read: wholeBecause === undefined ? read : 'fallback' });
    if (wholeBecause !== undefined)
      log.info('all of a feed was asked for, not only what changed', { feed, ecosystem, why: wholeBecause });
    if (outcome === 'failed' || outcome === 'refused')
      log.error('a feed of advisories was not updated; the last good stays', {
        feed,
        ecosystem,
        outcome,
        why,
      });
  }
  return { isGood: reply.attempts.every(hasAnswered) };
};

/**
 * How long until a feed is due, by what was tried last, by this process or another. A feed of which a file is missing is
 * due at once.
 */
export const untilDue = (
  feed: LoadedFeed,
  attempts: readonly FeedAttempt[],
  inForce: readonly Pick<FeedTime, 'feed' | 'ecosystem'>[],
  now: number,
): number => {
  const { name, every = defaultEvery } = feed;
  const tried = sourcesOf(feed).map(({ ecosystem, source }) => {
    const isOfFile = (one: Pick<FeedTime, 'feed' | 'ecosystem'>): boolean =>
      one.feed === name && one.ecosystem === ecosystem;
    const last = attempts.find((one) => isOfFile(one) && one.source === source && hasAnswered(one));
    return last !== undefined && inForce.some(isOfFile) ? Date.parse(last.triedAt) : 0;
  });
  // A clock that was wrong once must not put an update off for ever.
  return Math.min(every, Math.max(0, Math.min(...tried) + every - now));
};

export interface FeedUpdates {
  /** Asks these feeds from now on. One whose row did not change goes on as it was. */
  replace(feeds: readonly LoadedFeed[], defaults: LoadedDefaults): Promise<void>;
}

/** A feed that is asked, and what is left of it when its row changes. */
interface Asked {
  readonly row: string;
  timer?: NodeJS.Timeout;
}

/** Asks each feed again and again, one at a time: each may fill hundreds of megabytes. */
export const createFeedUpdates = (
  { program, inForce, folder, proxy }: UpdateSetting,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): FeedUpdates => {
  const ending = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  let changes = 0;
  const asked = new Map<string, Asked>();

  const follow = (feed: LoadedFeed, defaults: LoadedDefaults, row: string, wait: number): void => {
    const { name, every = defaultEvery } = feed;
    const mine: Asked = { row };
    const isOver = (): boolean => ending.signal.aborted || asked.get(name) !== mine;
    const retries = createBackoff({ first: Math.min(firstRetry, every), max: every }, Math.random);
    const schedule = (after: number): void => {
      if (!isOver()) mine.timer = setTimeout(run, after).unref();
    };
    const run = (): void => {
      turn = turn.then(async () => {
        if (isOver()) return;
        const reply = await updateInThread(program, { folder, feed, proxy, defaults }, ending.signal);
        if (isOver()) return;
        const { isGood } = report(name, reply, telemetry);
        if (isGood) retries.reset();
        schedule(isGood ? jittered(every) : retries.next());
      });
    };
    asked.set(name, mine);
    schedule(wait);
  };
  const forget = (name: string): void => {
    clearTimeout(asked.get(name)?.timer);
    asked.delete(name);
  };
  lifecycle.add(async () => {
    ending.abort();
    for (const name of asked.keys()) forget(name);
    await turn;
  });
  return {
    replace: async (feeds, defaults) => {
      const change = (changes += 1);
      const names = feeds.map(({ name }) => name);
      for (const name of asked.keys()) if (!names.includes(name)) forget(name);
      if (feeds.length === 0) return;
      await keepAttempts(folder, names).catch((error: unknown) =>
        telemetry.log.warn('updates of feeds cannot be written', { error }),
      );
      const attempts = await readAttempts(folder);
      if (ending.signal.aborted || change !== changes) return;
      for (const feed of feeds) {
        const row = JSON.stringify([feed, defaults]);
        if (asked.get(feed.name)?.row === row) continue;
        forget(feed.name);
        const due = untilDue(feed, attempts, inForce(), systemClock.now());
        follow(feed, defaults, row, Math.random() * maxStartDelay + due);
      }
    },
  };
};
