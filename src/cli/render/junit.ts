import { constraintLine, isOfConstraint } from '../../core/decision/constraint-findings.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { fieldText, formatObject, placeText, type Judged } from './decision-table.ts';

/** A text within XML. XML 1.0 cannot express most control characters, so those that `shown` left are dropped. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** `app.yaml:12:16 spec.containers[0].image`, as far as it is known. */
const whereOf = (decision: Judged, finding: Finding): string =>
  [finding.line === undefined ? undefined : placeText(decision, finding), finding.path]
    .filter(Boolean)
    .join(' ');

const describe = (decision: Judged, finding: Finding): string =>
  [
    whereOf(decision, finding),
    isOfConstraint(finding) ? constraintLine(finding) : finding.message,
    finding.detail,
    finding.remedy,
  ]
    .filter(Boolean)
    .join('\n');

/** One element for all findings that deny: most readers take the first and drop the others. */
const failureOf = (decision: Judged, denied: readonly Finding[]): readonly string[] => {
  const [first] = denied;
  if (first === undefined) return [];
  const more = denied.length === 1 ? '' : ` (and ${denied.length - 1} more)`;
  const text = denied.map((finding) => describe(decision, finding)).join('\n\n');
  const message = fieldText(first) + more;
  return [`      <failure type="${first.code}" message="${escapeXml(message)}">${escapeXml(text)}</failure>`];
};

/** `file` and `line` are what readers of JUnit XML make a link of. */
const placeOf = ({ object }: Judged): string =>
  object.file === undefined ? '' : ` file="${escapeXml(object.file)}" line="${object.line ?? 1}"`;

const caseOf = (decision: Judged): string => {
  const name = escapeXml(formatObject(decision));
  const denied = decision.findings.filter((finding) => finding.mode === 'Deny');
  const other = decision.findings.filter((finding) => finding.mode !== 'Deny');
  const notes = other.map((finding) => escapeXml(`${finding.mode}: ${fieldText(finding)} (${finding.code})`));
  const output = notes.length === 0 ? [] : [`      <system-out>${notes.join('\n')}</system-out>`];
  return [
    `    <testcase name="${name}" classname="imagegate"${placeOf(decision)}>`,
    ...failureOf(decision, denied),
    ...output,
    '    </testcase>',
  ].join('\n');
};

/** JUnit XML: one suite a file, one case an object, which fails when it is denied. */
export function* renderJunit(decisions: readonly Judged[]): Iterable<string> {
  const files = Map.groupBy(decisions, ({ object }) => object.file ?? 'imagegate');
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n';
  for (const [file, items] of files) {
    const failed = items.filter((decision) => !decision.allowed).length;
    yield `  <testsuite name="${escapeXml(file)}" tests="${items.length}" failures="${failed}" errors="0" skipped="0">\n`;
    for (const item of items) yield `${caseOf(item)}\n`;
    yield '  </testsuite>\n';
  }
  yield '</testsuites>\n';
}
