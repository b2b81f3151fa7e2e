import type { Decision } from '../../../core/decision/decision.ts';
import {
  constraintLine,
  inConstraintOrder,
  isOfConstraint,
} from '../../../core/decision/constraint-findings.ts';
import { cutMiddle } from '../../../core/text/cut-middle.ts';
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

/** Of the lines of constraints, in bytes. Gatekeeper has no bound; a controller may keep the text in its status. */
const maxConstraintBytes = 8 * 1024;

const moreLine = (more: number): string => `…and ${String(more)} more`;

/** One line that is longer than all lines may be, without its middle. */
const cutBytes = (text: string, most: number): string => {
  let limit = most;
  let cut = cutMiddle(text, limit);
  // No unit has more than three bytes, so each turn comes a third of the way closer.
  for (let beyond = Buffer.byteLength(cut) - most; beyond > 0; beyond = Buffer.byteLength(cut) - most) {
    limit -= Math.ceil(beyond / 3);
    cut = cutMiddle(text, limit);
  }
  return cut;
};

/** How many of the lines fit, with a line break behind each. */
const fitting = (lines: readonly string[], bytes: number): number => {
  let left = bytes + 1;
  const beyond = lines.findIndex((line) => (left -= Buffer.byteLength(line) + 1) < 0);
  return beyond < 0 ? lines.length : beyond;
};

/**
 * What constraints say against the request, in the words and the order of Gatekeeper.
 * @param omitted - lines that are not among the findings
 */
const constraintLines = (findings: readonly Finding[], omitted: number): readonly string[] => {
  const all = inConstraintOrder(findings).map(constraintLine);
  if (omitted === 0 && fitting(all, maxConstraintBytes) === all.length) return all;
  const room = maxConstraintBytes - Buffer.byteLength(`\n${moreLine(all.length + omitted)}`);
  const fits = fitting(all, room);
  const lines = fits === 0 ? all.slice(0, 1).map((line) => cutBytes(line, room)) : all.slice(0, fits);
  const more = all.length - lines.length + omitted;
  return more === 0 ? lines : [...lines, moreLine(more)];
};

/** The last line of a text of our own. */
const decisionLine = ({ id }: Decision): string =>
  `decision ${id}; to see all of it: imagegate explain ${id}`;

/** The last cause where constraints have no line for it. */
const lastCause = (decision: Decision): string => {
  const titles = Object.values(decision.titles ?? {});
  const line = decisionLine(decision);
  return titles.length === 0 ? line : `${titles.join(', ')}: ${line}`;
};

/**
 * The text for a person behind `admission webhook "…" denied the request:`. The first line names image, rule, reason
 * and field. Every other denying finding has its own line as far as they fit. Then come why something could not be
 * looked up, what to do, and the decision.
 */
export const denialText = (decision: Decision): string => {
  const all = denying(decision);
  const omitted = decision.omitted ?? { constraints: 0, policies: 0 };
  const ofConstraints = constraintLines(all, omitted.constraints);
  const findings = ofConstraints.length === 0 ? all : all.filter((finding) => !isOfConstraint(finding));
  // Whoever compares with Gatekeeper, or reads its texts, finds them unchanged.
  const isOfConstraints = findings.length + omitted.policies === 0;
  if (ofConstraints.length > 0 && isOfConstraints) return ofConstraints.join('\n');
  const end = [...distinctReasons(findings), ...distinctRemedies(findings), decisionLine(decision)];
  let left = maxDenialLength - end.reduce((sum, line) => sum + line.length + 1, 0) - '…and 10000 more'.length;
  const lines: string[] = [];
  for (const finding of findings) {
    const line = lineOf(finding);
    left -= line.length + 1;
    if (left < 0 && lines.length > 0) break;
    lines.push(line);
  }
  const more = findings.length - lines.length + omitted.policies;
  if (lines.length === 0) lines.push('the gate denied this request');
  return [...ofConstraints, ...lines, ...(more > 0 ? [moreLine(more)] : []), ...end].join('\n');
};

/** The denying findings for programs: at most 32; last the decision, where a constraint has no line for it. */
export const denialCauses = (decision: Decision): readonly StatusCause[] => {
  const findings = denying(decision);
  const causes = findings.slice(0, maxCauses).map(({ code, message, path }): StatusCause => ({
    reason: code,
    message: shown(message),
    ...(path === undefined ? {} : { field: shown(path) }),
  }));
  return findings.some(isOfConstraint)
    ? [...causes, { reason: 'decision', message: lastCause(decision) }]
    : causes;
};
