import { describeDuration } from '../../policy/duration.ts';
import { pass } from '../check.ts';
import type { Condition } from './condition.ts';
import { failingOf, named, onPlatforms, reasonsOf } from './condition.ts';

/** How far the clocks of builders may be ahead of ours. */
const clockSkew = 5 * 60_000;

/** The age in milliseconds, or why nobody can tell: a time that is not there or not possible proves nothing. */
const ageOf = (created: number | undefined, now: number): number | string => {
  if (created === undefined) return 'its config names no time of creation';
  const age = now - created;
  if (Number.isFinite(age) && age >= -clockSkew) return Math.max(age, 0);
  return 'its time of creation lies in the future';
};

const remedyForUnknown =
  'builders can be told which time to write: `SOURCE_DATE_EPOCH` with BuildKit, `--timestamp` with buildah';

/** `maxAge`: old images miss the repairs of what they contain. */
export const maxAge =
  (most: number): Condition =>
  (subject) => {
    const failing = failingOf(subject, ({ created }) => {
      const age = ageOf(created, subject.situation.now);
      if (typeof age === 'string') return age;
      return age <= most ? undefined : `it was created ${describeDuration(age)} ago`;
    });
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-too-old',
        message: `${named(subject)} is older than ${describeDuration(most)}, or its age is not known${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use a build that is at most ${describeDuration(most)} old; ${remedyForUnknown}`,
      },
    ];
  };

/** `minAge`: a poisoned release of somebody else is found out in its first days. */
export const minAge =
  (least: number): Condition =>
  (subject) => {
    const failing = failingOf(subject, ({ created }) => {
      const age = ageOf(created, subject.situation.now);
      if (typeof age === 'string') return age;
      return age >= least ? undefined : `it was created ${describeDuration(age)} ago`;
    });
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-too-new',
        message: `${named(subject)} is not yet ${describeDuration(least)} old, or its age is not known${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use an older release, or wait until this one is ${describeDuration(least)} old`,
      },
    ];
  };
