/*
 * vulnerabilities.maxAge
 *
 * Reads:   the advisories in force, and the times of the feeds that speak of packages of the image.
 * Allows:  feeds that are not older than the limit.
 * Refuses: advisories-unavailable, advisories-too-old
 */
import { describeDuration } from '../../text/duration.ts';
import type { FeedTime } from '../../vulnerability/advisory.ts';
import { listed, pass } from '../check.ts';
import type { VulnerabilityCondition, VulnerabilitySubject } from './condition.ts';
import { ageText, feedText } from './text.ts';

/** Without advisories nothing is known of any package. The operator causes this, so `onUnavailable` decides on it. */
export const advisoriesAtHand: VulnerabilityCondition = ({ advisories }) => {
  if (advisories.state === 'known') return pass;
  const why =
    advisories.state === 'absent' ? { what: 'the advisories', why: 'none were imported' } : advisories.why;
  return [
    {
      code: 'advisories-unavailable',
      says: 'cannot be judged, because there are no advisories',
      detail: `${why.what}: ${why.why}`,
      remedy: 'configure a feed under `advisories`, or import one',
      why: { ...why, excusable: true },
    },
  ];
};

const keyOf = ({ feed, ecosystem }: FeedTime): string => `${feed} ${ecosystem}`;

const oldestTimes = new WeakMap<readonly FeedTime[], number>();
/** A time that nobody can read is older than any other. Lists that rest on sixty parts are judged again and again. */
const oldestTime = (feeds: readonly FeedTime[]): number => {
  const known = oldestTimes.get(feeds);
  if (known !== undefined) return known;
  const times = feeds.map(({ asOf }) => Date.parse(asOf));
  const oldest = times.reduce(
    (one, other) => (other >= one ? one : Number.isNaN(other) ? -Infinity : other),
    Infinity,
  );
  oldestTimes.set(feeds, oldest);
  return oldest;
};

/** Until when no feed that speaks of the judged platforms becomes older than the limit. */
export const freshUntil = (
  most: number,
  knownExploited: boolean,
  { advisories, platforms, of }: VulnerabilitySubject,
): number => {
  const exploited = advisories.state === 'known' ? advisories.value.exploited : undefined;
  const feeds = platforms.flatMap((platform) => of(platform).lists.map((list) => list.feeds));
  if (knownExploited && exploited !== undefined) feeds.push([exploited.feed]);
  return Math.min(...feeds.map((one) => oldestTime(one) + most));
};

/** V15: what was published since the feed was read is not known. */
export const advisoriesFresh =
  (most: number, knownExploited: boolean): VulnerabilityCondition =>
  ({ advisories, platforms, of, situation: { now } }) => {
    if (advisories.state !== 'known') return pass;
    const { exploited } = advisories.value;
    const lists = platforms.flatMap((platform) => of(platform).lists);
    const isFresh = (feeds: readonly FeedTime[]): boolean => now - oldestTime(feeds) <= most;
    if (
      lists.every(({ feeds }) => isFresh(feeds)) &&
      (!knownExploited || exploited === undefined || isFresh([exploited.feed]))
    )
      return pass;
    const speaking = [
      ...lists.flatMap(({ feeds }) => feeds),
      ...(knownExploited && exploited !== undefined ? [exploited.feed] : []),
    ];
    // A time that nobody can read is older than any limit.
    const isOld = ({ asOf }: FeedTime): boolean => !(now - Date.parse(asOf) <= most);
    const old = [...new Map(speaking.filter(isOld).map((feed) => [keyOf(feed), feed])).values()];
    if (old.length === 0) return pass;
    const what = listed(old, (feed) => `${feedText(feed)} is ${ageText(feed.asOf, now)}`);
    return [
      {
        code: 'advisories-too-old',
        says: `is judged by advisories that are older than ${describeDuration(most)}`,
        detail: what,
        remedy: 'look why the feed is not updated, or import it anew',
        why: { what: 'the advisories', why: what, excusable: true },
      },
    ];
  };
