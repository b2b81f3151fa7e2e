import type { FindingCode } from '../../decision/reason.ts';
import { describeDuration } from '../../policy/duration.ts';
import { pass } from '../check.ts';
import type { Condition } from './condition.ts';
import { failingOf, onPlatforms, reasonsOf } from './condition.ts';

/** How far the clocks of builders may be ahead of ours. */
const clockSkew = 5 * 60_000;

/** The age in milliseconds, or why nobody can tell: a time that is not there or not possible proves nothing. */
const ageOf = (created: number | undefined, now: number): number | string => {
  if (created === undefined) return 'its config names no time of creation that can be read';
  const age = now - created;
  if (Number.isFinite(age) && age >= -clockSkew) return Math.max(age, 0);
  return 'its time of creation lies in the future';
};

interface AgeRule {
  readonly code: FindingCode;
  readonly fits: (age: number) => boolean;
  /** What is wrong with an image whose age is known. */
  readonly wrong: string;
  readonly remedy: string;
}

const unknownRemedy = 'have the build write its time: set `SOURCE_DATE_EPOCH` to the time of the commit';

const ageCondition =
  ({ code, fits, wrong, remedy }: AgeRule): Condition =>
  (subject) => {
    let known = false;
    const failing = failingOf(subject, ({ created }) => {
      const age = ageOf(created, subject.situation.now);
      if (typeof age === 'string') return age;
      if (fits(age)) return undefined;
      known = true;
      return `it was created ${describeDuration(age)} ago`;
    });
    if (failing.length === 0) return pass;
    return [
      {
        code,
        says: `${known ? wrong : 'does not say how old it is'}${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: known ? remedy : unknownRemedy,
      },
    ];
  };

/** `maxAge`: old images miss the repairs of what they contain. */
export const maxAge = (most: number): Condition =>
  ageCondition({
    code: 'image-too-old',
    fits: (age) => age <= most,
    wrong: `is older than ${describeDuration(most)}`,
    remedy: `use a build that is at most ${describeDuration(most)} old, on a current base`,
  });

/** `minAge`: a poisoned release of somebody else is mostly found out in its first days. */
export const minAge = (least: number): Condition =>
  ageCondition({
    code: 'image-too-new',
    fits: (age) => age >= least,
    wrong: `is not yet ${describeDuration(least)} old`,
    remedy: `use the release before it, or wait until this one is ${describeDuration(least)} old`,
  });
