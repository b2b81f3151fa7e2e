import type { Decision } from '../../../core/decision/decision.ts';
import { atField } from '../../../core/decision/finding-place.ts';
import type { Finding } from '../../../core/decision/finding.ts';
import { unavailableCodes } from '../../../core/decision/judge-evidence.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { cutRunes } from './plain-text.ts';

/** The whole text stays within about this many UTF-16 units: people read it in a terminal. */
export const maxDenialLength = 2_048;
const maxRemedies = 3;
const maxRemedyRunes = 256;
const maxReasons = 2;
const maxReasonRunes = 320;
const maxCauses = 32;

/** One entry of `status.details.causes`. */
interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

const denying = (decision: Decision): readonly Finding[] =>
  decision.findings.filter((finding) => finding.mode === 'Deny');

const ruleOf = ({ policy, check, code }: Finding): string =>
  policy === '' ? `gate: ${code}` : `policy ${cutRunes(policy, 64)}, check ${check}: ${code}`;

const lineOf = (finding: Finding): string =>
  `${shown(finding.message)} (${ruleOf(finding)}${atField(finding)})`;

const distinctRemedies = (findings: readonly Finding[]): readonly string[] => {
  const remedies = new Set<string>();
  for (const { remedy } of findings) {
    if (remedy !== undefined && remedies.size < maxRemedies)
      remedies.add(`fix: ${cutRunes(remedy, maxRemedyRunes)}`);
  }
  return [...remedies];
};

/** Why images could not be looked up: host, step and credential, which the user cannot know from the image. */
const distinctReasons = (findings: readonly Finding[]): readonly string[] => {
  const reasons = new Set<string>();
  for (const { code, detail } of findings) {
    if (detail !== undefined && unavailableCodes.has(code) && reasons.size < maxReasons)
      reasons.add(`why: ${cutRunes(detail, maxReasonRunes)}`);
  }
  return [...reasons];
};

/**
 * The text for a person behind `admission webhook "…" denied the request:`. The first line names image, rule, reason
 * and field. Every other denying finding has its own line as far as they fit. Then come why something could not be
 * looked up, what to do, and the decision.
 */
export const denialText = (decision: Decision): string => {
  const findings = denying(decision);
  const end = [
    ...distinctReasons(findings),
    ...distinctRemedies(findings),
    `decision ${decision.id}; to see all of it: imagegate explain ${decision.id}`,
  ];
  let left = maxDenialLength - end.reduce((sum, line) => sum + line.length + 1, 0) - '…and 10000 more'.length;
  const lines: string[] = [];
  for (const finding of findings) {
    const line = lineOf(finding);
    left -= line.length + 1;
    if (left < 0 && lines.length > 0) break;
    lines.push(line);
  }
  const more = findings.length - lines.length;
  if (lines.length === 0) lines.push('the gate denied this request');
  return [...lines, ...(more > 0 ? [`…and ${String(more)} more`] : []), ...end].join('\n');
};

/** The denying findings for programs: at most 32. */
export const denialCauses = (decision: Decision): readonly StatusCause[] =>
  denying(decision)
    .slice(0, maxCauses)
    .map(({ code, message, path }) => ({
      reason: code,
      message: shown(message),
      ...(path === undefined ? {} : { field: shown(path) }),
    }));
