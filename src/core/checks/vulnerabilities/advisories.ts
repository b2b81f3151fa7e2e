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

/** The feeds by which the judged platforms are judged, a list of them for each package list. */
const speakingFeeds = (
  knownExploited: boolean,
  { advisories, platforms, of }: VulnerabilitySubject,
): readonly (readonly FeedTime[])[] => {
  const exploited = knownExploited && advisories.state === 'known' ? advisories.value.exploited : undefined;
  const lists = platforms.flatMap((platform) => of(platform).lists.map(({ feeds }) => feeds));
  return exploited === undefined ? lists : [...lists, [exploited.feed]];
};

const untilOf = (most: number, speaking: readonly (readonly FeedTime[])[]): number =>
  Math.min(...speaking.map((feeds) => oldestTime(feeds) + most));

/** Until when no feed that speaks of the judged platforms is older than the limit. */
export const freshUntil = (most: number, knownExploited: boolean, subject: VulnerabilitySubject): number =>
  untilOf(most, speakingFeeds(knownExploited, subject));

/** V15: what was published since the feed was read is not known. */
export const advisoriesFresh =
  (most: number, knownExploited: boolean): VulnerabilityCondition =>
  (subject) => {
    if (subject.advisories.state !== 'known') return pass;
    const { now } = subject.situation;
    const speaking = speakingFeeds(knownExploited, subject);
    if (now <= untilOf(most, speaking)) return pass;
    // A time that nobody can read is older than any limit.
    const isOld = ({ asOf }: FeedTime): boolean => !(now - Date.parse(asOf) <= most);
    const old = [
      ...new Map(
        speaking
          .flat()
          .filter(isOld)
          .map((feed) => [keyOf(feed), feed]),
      ).values(),
    ];
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
