import { celEnv, celFunc, CelScalar, isCelError, parse, plan } from '@bufbuild/cel';
import { RE2JS } from 're2js';
import type { ConditionResult } from '../../core/facts/claim.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { JsonValue } from '../../core/text/json/json.ts';
import { shown } from '../../core/text/shown-text.ts';
import { celValue } from './cel-value.ts';
import { countIterations, depthOfComprehensions } from './comprehensions.ts';
import type { ExpressionNode } from './expression-tree.ts';
import { testPresence } from './presence.ts';
import { typeFaultOf } from './static-type.ts';
import { createStepBudget, type StepBudget } from './step-budget.ts';
import { unknownNameIn } from './unknown-names.ts';

/** Limits of one expression: its text, how deep comprehensions nest, steps of one evaluation, and patterns. */
export const expressionLimits = {
  maxText: 4096,
  maxNesting: 2,
  maxSteps: 100_000,
  maxPattern: 1024,
} as const;

/** One expression, ready to be evaluated over many statements. */
export interface Expression {
  /** @param variables what the text may name; each of those that were declared */
  evaluate(variables: Readonly<Record<string, JsonValue>>): ConditionResult;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Linear time, whatever the pattern: CEL's own syntax is RE2's. A pattern may come from the statement. */
const re2 = {
  compile: (pattern: string) => {
    if (pattern.length > expressionLimits.maxPattern)
      throw new Error(`a pattern has more than ${expressionLimits.maxPattern} characters`);
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string) => compiled.matcher(text).find() };
  },
};

/** @param offset of an operator or of what it has before it: spaces may stand between */
const placeIn = (text: string, offset = 0): string => {
  const spaces = text.slice(offset).length - text.slice(offset).trimStart().length;
  const lines = text.slice(0, offset + spaces).split('\n');
  return `at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
};

const tooManySteps: ConditionResult = {
  state: 'error',
  why: `it takes more than ${expressionLimits.maxSteps} steps`,
};

/**
 * Compiles a CEL expression over the declared variables. The error says what is wrong and where, for people.
 *
 * The interpreter has no budget of its own, so each iteration of a comprehension and each element of the input that is
 * looked at costs a step. Attack: a statement of 16 MiB, written by somebody who may push, and an expression that
 * compares all of its elements with each other.
 * Names that nothing declares are refused, and types that cannot fit; what depends on the statement is not.
 * @see https://github.com/google/cel-spec/blob/v0.24.0/doc/langdef.md
 * @example
 * compileExpression('predicate.level > 2', ['predicate']).value.evaluate({ predicate: { level: 3 } }).state // 'true'
 * compileExpression('predicate.level >', ['predicate']).ok // false
 */
export const compileExpression = (text: string, declared: readonly string[]): Result<Expression, string> => {
  const { maxText, maxNesting, maxSteps } = expressionLimits;
  if (text.length > maxText) return fail(`it has more than ${maxText} characters`);
  // An evaluation is one synchronous call, so one budget at a time is in use.
  let budget: StepBudget = createStepBudget(0);
  const step = celFunc(countIterations.name, [CelScalar.BOOL], CelScalar.BOOL, (goesOn) => {
    budget.spend();
    return goesOn;
  });
  const variables = Object.fromEntries(declared.map((name) => [name, CelScalar.DYN]));
  const environment = celEnv({ variables, funcs: [step, testPresence.func], re2 });
  let run: (bindings: Record<string, unknown>) => unknown;
  try {
    const parsed = parse(text);
    const placeOf = ({ id }: ExpressionNode): string =>
      placeIn(text, parsed.sourceInfo?.positions[String(id)]);
    const depth = depthOfComprehensions(parsed.expr);
    if (depth > maxNesting)
      return fail(`comprehensions (all, exists, map, filter …) nest ${depth} deep, at most ${maxNesting}`);
    const isFunction = (name: string): boolean => environment.funcs.find(name) !== undefined;
    const unknown = unknownNameIn(parsed.expr, declared, isFunction);
    if (unknown !== undefined)
      return fail(
        `it names ${shown(unknown.text)}, which is unknown; it may name ${declared.join(', ')} and what CEL has, ${placeOf(unknown.node)}`,
      );
    const fault =
      parsed.expr && typeFaultOf(parsed.expr, (name) => [...(environment.funcs.find(name) ?? [])]);
    if (fault !== undefined)
      return fail(
        shown(`${fault.why}, ${placeIn(text, parsed.sourceInfo?.positions[String(fault.node.id)])}`),
      );
    countIterations.in(parsed.expr);
    testPresence.in(parsed.expr);
    run = plan(environment, parsed) as typeof run;
  } catch (error) {
    return fail(shown(messageOf(error)));
  }
  return ok({
    evaluate: (values) => {
      budget = createStepBudget(maxSteps);
      try {
        const bindings = Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, celValue(value, budget)]),
        );
        const result = run(bindings);
        // First: `||` and `&&` may swallow the error that ended a comprehension.
        if (budget.isExhausted()) return tooManySteps;
        if (typeof result === 'boolean') return { state: result ? 'true' : 'false' };
        const why = isCelError(result) ? result.message : 'its result is neither true nor false';
        return { state: 'error', why: shown(why) };
      } catch (error) {
        return budget.isExhausted() ? tooManySteps : { state: 'error', why: shown(messageOf(error)) };
      }
    },
  });
};
