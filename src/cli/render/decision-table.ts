import type { Decision } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { formatTable } from './table.ts';

/** `namespace/Kind/name` of the judged object. */
export const objectName = ({ object }: Decision): string =>
  [object.namespace, object.kind, object.name].filter((part) => part !== undefined && part !== '').join('/');

/** `denied`, `warned` or `allowed`. */
export const verdictOf = (decision: Decision): string => {
  if (!decision.allowed) return 'denied';
  if (decision.findings.some((finding) => finding.mode === 'Warn')) return 'warned';
  return 'allowed';
};

const whereOf = ({ object, time }: Decision): string => {
  if (object.file === undefined) return time;
  return object.line === undefined ? object.file : `${object.file}:${object.line}`;
};

/** Without its cause nobody can do anything about a registry that could not be asked. */
const reasonOf = ({ code, message, detail }: Finding): string =>
  `${code}: ${message}${code === 'image-unavailable' && detail !== undefined ? ` (${detail})` : ''}`;

const rowsOf = (decision: Decision): string[][] => {
  const head = [verdictOf(decision), whereOf(decision), objectName(decision)];
  if (decision.findings.length === 0) return [[...head, '', '', decision.skipped?.code ?? '']];
  return decision.findings.map((finding) => [
    ...head,
    finding.mode.toLowerCase(),
    finding.policy === '' ? '(gate)' : finding.policy,
    reasonOf(finding),
  ]);
};

/** One line a finding with the mode of its policy, one line for an object without any. */
export const renderDecisionTable = (decisions: readonly Decision[]): string => {
  if (decisions.length === 0) return '';
  return formatTable(['VERDICT', 'WHERE', 'OBJECT', 'MODE', 'POLICY', 'REASON'], decisions.flatMap(rowsOf));
};
