/*
 * image.maxAge, image.minAge, image.unknownTime
 *
 * Reads:   the times of creation that config, manifest and index name; the builder wrote each of them.
 * Allows:  an age within the bounds, by the first time that can be true (2013 until now).
 * Refuses: image-too-old, image-too-new, image-time-unknown
 */
import { creationTime } from '../../facts/creation-time.ts';
import type { PlatformImage } from '../../facts/image-facts.ts';
import { describeDuration } from '../../text/duration.ts';
import { pass } from '../check.ts';
import { failingOf, onPlatforms, reasonsOf, type Condition } from './condition.ts';

/** The age in milliseconds; `undefined` when no time can be true. */
const ageOf = ({ times }: PlatformImage, now: number): number | undefined => {
  const time = creationTime(times, now);
  return time === undefined ? undefined : Math.max(now - time, 0);
};

const dateOf = (time: number): string =>
  Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : 'no date';

/** Why the age is unknown. */
const whyUnknown = ({ times }: PlatformImage, now: number): string => {
  if (times.length === 0) return 'it names no time of creation that can be read';
  const dates = [...new Set(times.map(dateOf))].join(' and ');
  return times.some((time) => time > now)
    ? `it says ${dates}, which cannot be true: one lies in the future`
    : `it says ${dates}, which cannot be true: builds that are reproducible write a fixed time`;
};

/** `maxAge`: old images miss the repairs of what they contain. */
export const maxAge =
  (most: number): Condition =>
  (subject) => {
    const failing = failingOf(subject, (image) => {
      const age = ageOf(image, subject.situation.now);
      return age === undefined || age <= most ? undefined : `it was created ${describeDuration(age)} ago`;
    });
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-too-old',
        says: `is older than ${describeDuration(most)}${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use a build that is at most ${describeDuration(most)} old, on a current base`,
      },
    ];
  };

/** `minAge`: most poisoned releases of third parties are detected in their first days. */
export const minAge =
  (least: number): Condition =>
  (subject) => {
    const failing = failingOf(subject, (image) => {
      const age = ageOf(image, subject.situation.now);
      return age === undefined || age >= least ? undefined : `it was created ${describeDuration(age)} ago`;
    });
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-too-new',
        says: `is not yet ${describeDuration(least)} old${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use the release before it, or wait until this one is ${describeDuration(least)} old`,
      },
    ];
  };

/** `unknownTime`: what happens when `maxAge` or `minAge` has no age to compare. */
export const knownAge =
  (word: 'Deny' | 'Warn'): Condition =>
  (subject) => {
    const { now } = subject.situation;
    const failing = failingOf(subject, (image) =>
      ageOf(image, now) === undefined ? whyUnknown(image, now) : undefined,
    );
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-time-unknown',
        says: `does not say how old it is${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy:
          'an own image: build it with `SOURCE_DATE_EPOCH`, or a label org.opencontainers.image.created, set to the time ' +
          'of the commit; an image of others: have the owner of the policy write `unknownTime: Warn` or `Allow` for it, ' +
          'in a policy with `match.images`',
        ...(word === 'Warn' ? { atMost: word } : {}),
      },
    ];
  };
