import { join } from 'node:path';
import type { FeedStatus } from '../../adapters/advisories/feed-status.ts';
import { followAdvisories, type FollowedAdvisories } from '../../adapters/advisories/followed-advisories.ts';
import type { AdvisoryFeedSample } from '../../adapters/metrics/advisory-gauges.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { describeDuration } from '../../core/text/duration.ts';
import type { Advisories } from '../../evidence/ports.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Config } from '../../config/resolved.ts';
import { endOfLifeDates } from '../../config/advisories/end-of-life-rows.ts';
import { loadFeeds, loadRegistryDefaults } from '../../config/registries/registry-files.ts';
import { describeConfigProblem } from '../../config/sources/origin.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { proxyOf } from '../evidence.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { createFeedUpdates, type FeedUpdates } from './feed-updates.ts';
import type { Telemetry } from '../telemetry.ts';

/** The place of the advisories under `--data`, for `serve` and for the commands. */
export const advisoryFolder = (dataDir: string): string => join(dataDir, 'advisories');

/** What a policy accepts unless it says otherwise. */
const maxAge = 5 * 24 * 60 * 60 * 1000;

const secondsSince = (time: string, now: number): number => Math.max(0, now - Date.parse(time)) / 1000;

const sampleOf = (statuses: readonly FeedStatus[], now: number): AdvisoryFeedSample => {
  const newest = statuses.flatMap(({ summary }) => summary.newest ?? []).sort();
  return {
    advisories: statuses.reduce((sum, { summary }) => sum + summary.advisories, 0),
    age: Math.max(...statuses.map(({ asOf }) => secondsSince(asOf, now))),
    ...(newest.length === 0 ? {} : { newest: secondsSince(newest.at(-1) ?? '', now) }),
  };
};

/** By feed, for the metrics. */
const feedSamples = (statuses: readonly FeedStatus[], now: number): ReadonlyMap<string, AdvisoryFeedSample> =>
  new Map([...Map.groupBy(statuses, ({ feed }) => feed)].map(([feed, all]) => [feed, sampleOf(all, now)]));

/** Names feeds that are too old for most policies. Nothing here makes the gate unready: policies say what it means. */
const partOf = (advisories: FollowedAdvisories): readonly PartState[] => {
  const [statuses, problem] = [advisories.statuses(), advisories.problem()];
  if (statuses.length === 0 && problem === undefined) return [];
  const now = systemClock.now();
  const old = statuses
    .filter(({ asOf }) => now - Date.parse(asOf) > maxAge)
    .map(
      ({ feed, ecosystem, asOf }) => `${feed} ${ecosystem} ${describeDuration(now - Date.parse(asOf))} old`,
    );
  const trouble = [...(problem === undefined ? [] : [problem]), ...old];
  return [
    trouble.length > 0
      ? { part: 'advisories', state: 'trouble', detail: trouble.join(', ') }
      : { part: 'advisories', state: 'ok', detail: `${statuses.length} parts` },
  ];
};

interface ServedAdvisories {
  readonly advisories: Advisories;
  readonly parts: () => readonly PartState[];
  /** Takes the feeds of a changed configuration. */
  readonly onFeeds: (...changed: Parameters<FeedUpdates['replace']>) => void;
}

interface AdvisoriesInUse {
  /** Of the threads that update. */
  readonly program: URL;
  /** Whether a policy in force asks what is wrong with packages: else no advisory is read. */
  readonly isWanted: () => boolean;
}

/**
 * The advisories of the running gate, followed, and the feeds of its configuration, asked again and again. A gate
 * without any starts too; a row that cannot work is reported at the start.
 *
 */
export const openAdvisories = async (
  config: Config,
  { program, isWanted }: AdvisoriesInUse,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<ServedAdvisories, readonly string[]>> => {
  const { log, metrics } = telemetry;
  const feeds = loadFeeds(config.advisories);
  const defaults = loadRegistryDefaults(config.registryDefaults);
  if (!feeds.ok) return fail(feeds.error.map(describeConfigProblem));
  if (!defaults.ok) return fail(defaults.error.map(describeConfigProblem));
  const folder = advisoryFolder(config.data.value);
  const advisories = followAdvisories(folder, {
    isWanted,
    endOfLife: endOfLifeDates(config.endOfLife.value),
    onGeneration: ({ generation, feeds }) => {
      log.info('advisories are in force', { generation, feeds: feeds.length });
    },
    onProblem: (found) => {
      log.error('the advisories cannot be used; the last good stay', { problem: found });
    },
  });
  // The advisories are read beside the start: only reviews that ask for them wait for a hundred megabytes.
  await advisories.start();
  lifecycle.add(() => advisories.close());
  metrics.onScrape(() => metrics.advisoryFeeds(feedSamples(advisories.statuses(), systemClock.now())));
  const updates = createFeedUpdates(
    { folder, program, proxy: proxyOf(config), inForce: () => advisories.statuses() },
    telemetry,
    lifecycle,
  );
  await updates.replace(feeds.value, defaults.value);
  return ok({
    advisories,
    parts: () => partOf(advisories),
    onFeeds: (...changed) => {
      updates
        .replace(...changed)
        .catch((error: unknown) => log.error('the feeds of advisories did not change', { error }));
    },
  });
};
