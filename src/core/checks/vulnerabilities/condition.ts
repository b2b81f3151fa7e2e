import type { VulnerabilityFacts } from '../../facts/vulnerability/vulnerability-facts.ts';
import {
  failingOf,
  onPlatforms,
  reasonsOf,
  type ConditionSubject,
  type Failing,
} from '../image/condition.ts';
import { pass, type CheckSituation, type EvidenceViolation } from '../check.ts';
import type { Vulnerability } from '../../vulnerability/vulnerability.ts';
import type { PlatformSubject } from './subject.ts';
import { basisText, worstTexts } from './text.ts';

/** The images of one name that are judged, each with what its lists say. */
export interface VulnerabilitySubject extends ConditionSubject {
  readonly advisories: VulnerabilityFacts['advisories'];
  readonly situation: CheckSituation;
  readonly of: (platform: Failing['platform']) => PlatformSubject;
}

/**
 * One condition of the check `vulnerabilities`.
 * @returns every violation
 */
export type VulnerabilityCondition = (subject: VulnerabilitySubject) => readonly EvidenceViolation[];

/** What is wrong with one platform: what the message says of it, and the detail. */
export interface PlatformFailure {
  readonly says: string;
  /** The worst of what it is about: what a person has to mend. */
  readonly worst?: string;
  readonly detail: string;
}

/** What these vulnerabilities of a platform come to; `undefined`: there are none. */
export const failureBy = (
  { advisories, situation: { now } }: VulnerabilitySubject,
  { lists }: PlatformSubject,
  says: string,
  found: readonly Vulnerability[],
): PlatformFailure | undefined => {
  if (found.length === 0) return undefined;
  const { worst, rated } = worstTexts(found);
  return { says, worst, detail: `${rated}; ${basisText(lists, advisories, now)}` };
};

/** One violation for all platforms that fail. The message is about the first, the detail about each. */
export const vulnerabilityViolation = (
  subject: VulnerabilitySubject,
  judge: (platform: PlatformSubject) => PlatformFailure | undefined,
  more: Omit<EvidenceViolation, 'says' | 'detail'>,
): readonly EvidenceViolation[] => {
  let first: PlatformFailure | undefined;
  const failing = failingOf(subject, (platform) => {
    const failure = judge(subject.of(platform));
    first ??= failure;
    return failure?.detail;
  });
  if (first === undefined) return pass;
  const worst = first.worst === undefined ? '' : `: ${first.worst}`;
  const says = `${first.says}${onPlatforms(subject, failing)}${worst}`;
  return [{ says, detail: reasonsOf(subject, failing), ...more }];
};
