/*
 * vulnerabilities.max, vulnerabilities.unknownSeverity, vulnerabilities.maxScore, vulnerabilities.onlyFixable,
 * vulnerabilities.gracePeriod, vulnerabilities.accept
 *
 * Reads:   the vulnerabilities of each platform, with their severity, dates and fixes.
 * Allows:  no more of each level than the limit, and none with a higher score.
 * Refuses: vulnerable, vulnerability-score
 */
import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { severityLevels } from '../../vulnerability/severity/severity.ts';
import { isInGrace, type Vulnerability } from '../../vulnerability/vulnerability.ts';
import { failureBy, vulnerabilityViolation, type VulnerabilityCondition } from './condition.ts';
import type { OpenOf } from './open.ts';

const remedy = 'build the image on a current base, with the fixed versions';

/** Which vulnerabilities the limits count. A malicious package is refused in any case, and is no matter of degree. */
export const countedBy =
  ({ onlyFixable }: Pick<VulnerabilitiesCheck, 'onlyFixable'>, grace: number) =>
  (open: readonly Vulnerability[], now: number): readonly Vulnerability[] =>
    open.filter(
      ({ isMalicious, isFixable, published }) =>
        !isMalicious && (!onlyFixable || isFixable) && !(grace > 0 && isInGrace(published, now, grace)),
    );
type Counted = ReturnType<typeof countedBy>;

/** `max`: a level that is left out has no limit. */
export const withinMax =
  (
    max: NonNullable<VulnerabilitiesCheck['max']>,
    unknownSeverity: VulnerabilitiesCheck['unknownSeverity'],
    openOf: OpenOf,
    counted: Counted,
  ): VulnerabilityCondition =>
  (subject) => {
    const { now } = subject.situation;
    const levelOf = ({ severity: { level } }: Vulnerability) =>
      level === 'unknown' ? unknownSeverity : level;
    return vulnerabilityViolation(
      subject,
      (platform) => {
        const byLevel = Map.groupBy(counted(openOf(platform, now), now), levelOf);
        const over = severityLevels.toReversed().flatMap((level) => {
          const most = max[level];
          const found = byLevel.get(level) ?? [];
          return most === undefined || found.length <= most ? [] : [{ level, most, found }];
        });
        const counts = over
          .map(({ level, most, found }) => `${String(found.length)} ${level} (at most ${String(most)})`)
          .join(', ');
        const all = over.flatMap(({ found }) => found);
        return failureBy(
          subject,
          platform,
          `has more vulnerabilities than the policy allows: ${counts}`,
          all,
        );
      },
      { code: 'vulnerable', remedy },
    );
  };

/** `maxScore`: one without a score is judged by its level alone. */
export const withinScore =
  (most: number, openOf: OpenOf, counted: Counted): VulnerabilityCondition =>
  (subject) => {
    const { now } = subject.situation;
    return vulnerabilityViolation(
      subject,
      (platform) => {
        const over = counted(openOf(platform, now), now).filter(
          ({ severity: { score = 0 } }) => score > most,
        );
        const says = `has ${String(over.length)} ${over.length === 1 ? 'vulnerability' : 'vulnerabilities'} with a score above ${String(most)}`;
        return failureBy(subject, platform, says, over);
      },
      { code: 'vulnerability-score', remedy },
    );
  };
