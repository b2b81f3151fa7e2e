import type { AttestationClaim, ConditionResult } from '../../../core/facts/claim.ts';
import type { ExpressionEngine } from '../expression-engine.ts';
import type { Verification } from '../verification.ts';
import type { Statement } from './statement.ts';

const conditionOf = (text: string, statement: Statement, engine: ExpressionEngine): ConditionResult => {
  const compiled = engine.compile(text);
  if (!compiled.ok) return { state: 'error', why: `it cannot be compiled: ${compiled.error}` };
  const { predicateType, document } = statement;
  const { predicate = {}, subject = [] } = document;
  return compiled.value.evaluate({ predicate, predicateType, subject });
};

/**
 * The expressions that are asked of this type of statement, each evaluated once. An absent predicate counts as an empty
 * one.
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export const conditionsOf = (
  statement: Statement,
  expressions: Verification['expressions'],
  engine: ExpressionEngine,
): AttestationClaim['expressions'] =>
  Object.fromEntries(
    expressions
      .filter(({ predicateType }) => predicateType === statement.predicateType)
      .map(({ text }) => [text, conditionOf(text, statement, engine)]),
  );
