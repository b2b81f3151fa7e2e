import { keepAttempts, readAttempts, type FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import { createBackoff } from '../../concurrency/backoff.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { sourcesOf } from '../../adapters/advisories/update/update-feed.ts';
import type { FeedTime } from '../../core/vulnerability/advisory.ts';
import type { LoadedFeed } from '../../config/registries/registry-files.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { updateInThread, type UpdateReply, type UpdateTask } from './feed-thread.ts';

interface FeedUpdates extends Omit<UpdateTask, 'feed'> {
  readonly feeds: readonly LoadedFeed[];
  /** The program of the threads. */
  readonly program: URL;
  /** What is in force at the start. */
  readonly inForce: readonly FeedTime[];
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
  for (const { ecosystem, outcome, why } of reply.attempts) {
    metrics.count('advisoryUpdates', { feed, outcome });
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

/** Asks each feed again and again, one at a time: each may fill hundreds of megabytes. */
export const startFeedUpdates = async (
  { feeds, program, inForce, ...task }: FeedUpdates,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<void> => {
  const ending = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  const timers = new Map<string, NodeJS.Timeout>();

  const follow = (feed: LoadedFeed, wait: number): void => {
    const { name, every = defaultEvery } = feed;
    const retries = createBackoff({ first: Math.min(firstRetry, every), max: every }, Math.random);
    const schedule = (after: number): void => {
      if (!ending.signal.aborted) timers.set(name, setTimeout(run, after).unref());
    };
    const run = (): void => {
      turn = turn.then(async () => {
        if (ending.signal.aborted) return;
        const reply = await updateInThread(program, { ...task, feed }, ending.signal);
        if (ending.signal.aborted) return;
        const { isGood } = report(name, reply, telemetry);
        if (isGood) retries.reset();
        schedule(isGood ? jittered(every) : retries.next());
      });
    };
    schedule(wait);
  };
  lifecycle.add(async () => {
    ending.abort();
    for (const timer of timers.values()) clearTimeout(timer);
    await turn;
  });
  if (feeds.length === 0) return;
  await keepAttempts(
    task.folder,
    feeds.map(({ name }) => name),
  ).catch((error: unknown) => telemetry.log.warn('updates of feeds cannot be written', { error }));
  const attempts = await readAttempts(task.folder);
  for (const feed of feeds)
    follow(feed, Math.random() * maxStartDelay + untilDue(feed, attempts, inForce, systemClock.now()));
};
