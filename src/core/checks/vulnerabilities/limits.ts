/*
 * vulnerabilities.max, vulnerabilities.unknownSeverity, vulnerabilities.maxScore, vulnerabilities.onlyFixable,
 * vulnerabilities.gracePeriod, vulnerabilities.accept
 *
 * Reads:   the vulnerabilities of each platform, with their severity, dates and fixes.
 * Allows:  no more of each level than the limit, and none with a higher score.
 * Refuses: vulnerable, vulnerability-score
 */
import { plural } from '../../text/plural.ts';
import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { severityLevels } from '../../vulnerability/severity/severity.ts';
import { isInGrace, type Vulnerability } from '../../vulnerability/vulnerability.ts';
import {
  failureBy,
  vulnerabilityViolation,
  type VulnerabilityCondition,
  type VulnerabilitySubject,
} from './condition.ts';
import { onceFor, type OpenOf } from './open.ts';

const remedy = 'build the image on a current base, with the fixed versions';

/** What a limit counts: the same list as long as the same vulnerabilities count. */
type Counted = (open: readonly Vulnerability[], now: number) => readonly Vulnerability[];

const sameMembers = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((member, at) => member === other[at]);

/** Which vulnerabilities the limits count. A malicious package is refused in any case, and is no matter of degree. */
export const countedBy = (
  { onlyFixable }: Pick<VulnerabilitiesCheck, 'onlyFixable'>,
  grace: number,
): Counted => {
  const last = new WeakMap<readonly Vulnerability[], readonly Vulnerability[]>();
  return (open, now) => {
    const known = last.get(open);
    if (known !== undefined && grace === 0) return known;
    const counted = open.filter(
      ({ isMalicious, isFixable, published }) =>
        !isMalicious && (!onlyFixable || isFixable) && !(grace > 0 && isInGrace(published, now, grace)),
    );
    if (known !== undefined && sameMembers(known, counted)) return known;
    last.set(open, counted);
    return counted;
  };
};

/** Until when no vulnerability of these platforms leaves its grace period, and begins to count. */
export const countedUntil = (
  grace: number,
  { platforms, of, situation: { now } }: VulnerabilitySubject,
): number =>
  platforms
    .flatMap((platform) => of(platform).vulnerabilities)
    .map(({ published }) => (published === undefined ? Number.NaN : Date.parse(published) + grace))
    .reduce((first, end) => (end > now && end < first ? end : first), Infinity);

/** `max`: a level that is left out has no limit. */
export const withinMax = (
  max: NonNullable<VulnerabilitiesCheck['max']>,
  unknownSeverity: VulnerabilitiesCheck['unknownSeverity'],
  openOf: OpenOf,
  counted: Counted,
): VulnerabilityCondition => {
  const levelOf = ({ severity: { level } }: Vulnerability) => (level === 'unknown' ? unknownSeverity : level);
  const beyondMax = onceFor((found) => {
    const byLevel = Map.groupBy(found, levelOf);
    const over = severityLevels.toReversed().flatMap((level) => {
      const most = max[level];
      const ofLevel = byLevel.get(level) ?? [];
      return most === undefined || ofLevel.length <= most ? [] : [{ level, most, ofLevel }];
    });
    const counts = over
      .map(({ level, most, ofLevel }) => `${String(ofLevel.length)} ${level} (at most ${String(most)})`)
      .join(', ');
    return {
      says: `has more vulnerabilities than the policy allows: ${counts}`,
      all: over.flatMap(({ ofLevel }) => ofLevel),
    };
  });
  return (subject) => {
    const { now } = subject.situation;
    return vulnerabilityViolation(
      subject,
      (platform) => {
        const { says, all } = beyondMax(counted(openOf(platform, now), now));
        return failureBy(subject, platform, says, all);
      },
      { code: 'vulnerable', remedy },
    );
  };
};

/** `maxScore`: one without a score is judged by its level alone. */
export const withinScore = (most: number, openOf: OpenOf, counted: Counted): VulnerabilityCondition => {
  const above = onceFor((found) => found.filter(({ severity: { score = 0 } }) => score > most));
  return (subject) => {
    const { now } = subject.situation;
    return vulnerabilityViolation(
      subject,
      (platform) => {
        const over = above(counted(openOf(platform, now), now));
        const says = `has ${plural(over.length, 'vulnerability', 'vulnerabilities')} with a score above ${String(most)}`;
        return failureBy(subject, platform, says, over);
      },
      { code: 'vulnerability-score', remedy },
    );
  };
};
