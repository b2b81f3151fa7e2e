import type { ConditionResult } from '../../core/facts/claim.ts';
import { fail, type Result } from '../../core/result.ts';
import type { JsonValue } from '../../core/text/json/json.ts';

/** What an expression of a policy may name: parts of the signed statement. */
export const statementVariables = ['predicate', 'predicateType', 'subject'] as const;

/** An expression of a policy, ready to be evaluated over many statements. */
export interface StatementExpression {
  evaluate(statement: Readonly<Record<(typeof statementVariables)[number], JsonValue>>): ConditionResult;
}

/** The language in which policies write expressions over statements. */
export interface ExpressionEngine {
  /** The error says what is wrong and where, for people. */
  readonly compile: (text: string) => Result<StatementExpression, string>;
}

/** For verifications that ask for no expression. */
export const noExpressions: ExpressionEngine = { compile: () => fail('no language for it is loaded') };
