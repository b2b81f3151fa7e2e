import type { ConditionResult } from '../../core/facts/claim.ts';
import { ok, type Result } from '../../core/result.ts';
import type { JsonValue } from '../../core/text/json/json.ts';
import { celValue } from './cel-value.ts';
import { compileProgram } from './program.ts';

/** One expression, ready to be evaluated over many statements. */
export interface Expression {
  /** @param variables what the text may name; each of those that were declared */
  evaluate(variables: Readonly<Record<string, JsonValue>>): ConditionResult;
}

/**
 * Compiles a condition over the declared variables.
 * @example
 * compileExpression('predicate.level > 2', ['predicate']).value.evaluate({ predicate: { level: 3 } }).state // 'true'
 * compileExpression('predicate.level >', ['predicate']).ok // false
 */
export const compileExpression = (text: string, declared: readonly string[]): Result<Expression, string> => {
  const program = compileProgram(text, { declared, result: 'bool' });
  if (!program.ok) return program;
  return ok({
    evaluate: (values) => {
      const evaluated = program.value.run((budget) =>
        Object.fromEntries(Object.entries(values).map(([name, value]) => [name, celValue(value, budget)])),
      );
      if (evaluated.state === 'value') return { state: evaluated.value === true ? 'true' : 'false' };
      return { state: 'error', why: evaluated.why };
    },
  });
};
