import type { Finding } from '../../core/decision/finding.ts';
import { shown } from '../../core/text/shown-text.ts';
import { declareKind } from '../../core/workload/kinds/kinds.ts';
import { gateFinding } from './decision-builder.ts';

/** What is said of a kind that no row covers, wherever it is met (R4): with `--unknown-kinds deny` the finding. */
export const unknownKind = (
  apiVersion: string,
  kind: string,
): { readonly message: string; readonly remedy: string; readonly finding: Finding } => {
  const message = `${shown(`${apiVersion} ${kind}`)} is not a kind whose images the gate knows how to find`;
  const remedy = declareKind;
  return { message, remedy, finding: gateFinding('not-judged', message, { path: 'kind', remedy }) };
};
