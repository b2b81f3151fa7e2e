import type { Decision } from '../../core/decision/decision.ts';
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

const rowsOf = (decision: Decision): string[][] => {
  const head = [verdictOf(decision), whereOf(decision), objectName(decision)];
  if (decision.findings.length === 0) return [[...head, '', '', decision.skipped?.code ?? '']];
  return decision.findings.map((finding) => [
    ...head,
    finding.mode.toLowerCase(),
    finding.policy === '' ? '(gate)' : finding.policy,
    `${finding.code}: ${finding.message}`,
  ]);
};

/** One line a finding with the mode of its policy, one line for an object without any. */
export const renderDecisionTable = (decisions: readonly Decision[]): string => {
  if (decisions.length === 0) return '';
  return formatTable(['VERDICT', 'WHERE', 'OBJECT', 'MODE', 'POLICY', 'REASON'], decisions.flatMap(rowsOf));
};
