import { constraintLine, isOfConstraint } from '../../core/decision/constraint-findings.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import type { Place } from '../../core/text/parsed-text.ts';
import { namesField } from '../../core/decision/finding-place.ts';
import type { FindingCode } from '../../core/reasons/reason.ts';

/** What a result is told by: of a decision, or of a command that judges without one. */
export type Judged = Pick<Decision, 'object' | 'findings' | 'allowed'>;

/** `namespace/Kind/name` of the judged object. */
export const formatObject = ({ object }: Pick<Decision, 'object'>): string =>
  [object.namespace, object.kind, object.name].filter((part) => part !== undefined && part !== '').join('/');

/** `denied`, `warned` or `allowed`. */
export const verdictOf = (decision: Decision): string => {
  if (!decision.allowed) return 'denied';
  if (decision.findings.some((finding) => finding.mode === 'Warn')) return 'warned';
  return 'allowed';
};

/** `app.yaml:12:16`: the form that terminals and editors open. */
export const placeText = ({ object }: Pick<Decision, 'object'>, { line, column }: Partial<Place>): string =>
  [object.file, line, column].filter((part) => part !== undefined).join(':');

/** The sentence of a finding, with its field where nothing else names the field. */
export const fieldText = (finding: Finding): string => {
  // What a template says does not name the constraint.
  if (isOfConstraint(finding)) return constraintLine(finding);
  return finding.path === undefined || namesField(finding)
    ? finding.message
    : `${finding.path}: ${finding.message}`;
};

const whereOf = (decision: Decision, place: Partial<Place>): string => {
  const { object, time, count } = decision;
  if (object.file !== undefined) return placeText(decision, place);
  return count === undefined ? time : `${time} (${count} times)`;
};

const unread: readonly FindingCode[] = ['image-unavailable', 'signature-unavailable'];
/** Adds the cause to an image that could not be read, since the user needs it to act. */
const reasonOf = ({ code, message, detail }: Finding): string =>
  `${code}: ${message}${unread.includes(code) && detail !== undefined ? ` (${detail})` : ''}`;

const rowsOf = (decision: Decision): string[][] => {
  const { object, findings, skipped } = decision;
  const [verdict, name] = [verdictOf(decision), formatObject(decision)];
  if (findings.length === 0)
    return [[verdict, whereOf(decision, object), name, '', '', '', skipped?.code ?? '']];
  return findings.map((finding) => [
    verdict,
    whereOf(decision, finding),
    name,
    finding.mode.toLowerCase(),
    finding.policy === '' ? '(gate)' : finding.policy,
    finding.path ?? '',
    reasonOf(finding),
  ]);
};

/** Aligned columns without borders, as kubectl prints them, line by line; the last column is not padded. */
export function* formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Iterable<string> {
  const widths = header.map((title) => title.length);
  // A call with one argument a row ends at the stack of the engine: about 120,000 rows.
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3)))
      .join('')
      .trimEnd()}\n`;
  yield line(header);
  for (const row of rows) yield line(row);
}

/** One line a finding with the mode of its policy, one line for an object without any. */
export const renderDecisionTable = (decisions: readonly Decision[]): Iterable<string> => {
  if (decisions.length === 0) return [];
  return formatTable(
    ['VERDICT', 'WHERE', 'OBJECT', 'MODE', 'POLICY', 'FIELD', 'REASON'],
    decisions.flatMap(rowsOf),
  );
};
