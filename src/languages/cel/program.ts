import {
  celEnv,
  celFunc,
  CelScalar,
  isCelError,
  parse,
  plan,
  type CelFunc,
  type CelInput,
} from '@bufbuild/cel';
import { RE2JS } from 're2js';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import { countIterations, depthOfComprehensions } from './comprehensions.ts';
import { nodesIn, type ExpressionNode } from './expression-tree.ts';
import { testPresence } from './presence.ts';
import { typeFaultOf, type ResultType } from './static-type.ts';
import { createStepBudget, type StepBudget } from './step-budget.ts';
import { unknownNameIn } from './unknown-names.ts';

/** Limits of one expression: its text, how deep comprehensions nest, steps of one evaluation, and patterns. */
export const expressionLimits = {
  maxText: 4096,
  maxNesting: 2,
  maxSteps: 100_000,
  maxPattern: 1024,
} as const;

/** What an expression is written for. */
interface Wanted {
  /** The variables that it may name. */
  readonly declared: readonly string[];
  readonly result: ResultType;
  /** Functions beside those of the language. They share the budget of the evaluation that calls them. */
  readonly functions?: (budget: () => StepBudget) => readonly CelFunc[];
}

/** What came of an evaluation. `stopped`: nothing is known of it, and another interpreter may come to its end. */
export type Evaluated =
  | { readonly state: 'value'; readonly value: boolean | string }
  | { readonly state: 'error' | 'stopped'; readonly why: string };

/** An expression that can be evaluated. */
export interface ExpressionProgram {
  /** @param bind makes the values of all variables that were declared */
  run(
    bind: (budget: StepBudget) => Readonly<Record<string, CelInput>>,
  ): Evaluated & { readonly steps: number };
  /** Those of the variables that the text names. */
  readonly names: ReadonlySet<string>;
  /** The first of these variables and fields that is compared with or added to something. */
  combines(names: readonly string[]): string | undefined;
}

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

/** The variables that an expression names, those that comprehensions make as well. */
const namesIn = (expression: ExpressionNode | undefined): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const { exprKind } of nodesIn(expression))
    if (exprKind.case === 'identExpr') found.add(exprKind.value.name);
  return found;
};

const combining = new Set(['_==_', '_!=_', '_+_']);

/** `names` of `spec.names`. */
const lastName = ({ exprKind }: ExpressionNode): string | undefined => {
  if (exprKind.case === 'identExpr') return exprKind.value.name;
  return exprKind.case === 'selectExpr' ? exprKind.value.field : undefined;
};

/** The operands of `==`, `!=` and `+`. */
const operandsOf = ({ exprKind }: ExpressionNode): readonly ExpressionNode[] =>
  exprKind.case === 'callExpr' && combining.has(exprKind.value.function) ? exprKind.value.args : [];

/** The last names of all of them. */
const combinedIn = (expression: ExpressionNode | undefined): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const node of nodesIn(expression))
    for (const name of operandsOf(node).map(lastName)) if (name !== undefined) found.add(name);
  return found;
};

const resultOf = (result: unknown, wanted: ResultType, budget: StepBudget): Evaluated => {
  // First: `||` and `&&` may swallow the error that ended a comprehension.
  const stopped = budget.stopped();
  if (stopped !== undefined) return { state: 'stopped', why: stopped };
  if (wanted === 'bool' ? typeof result === 'boolean' : typeof result === 'string')
    return { state: 'value', value: result as boolean | string };
  const other = wanted === 'bool' ? 'its result is neither true nor false' : 'its result is no text';
  return { state: 'error', why: shown(isCelError(result) ? result.message : other) };
};

type Environment = ReturnType<typeof celEnv>;

/** What is wrong with a text that can be parsed, and where. */
const faultIn = (
  text: string,
  { expr, sourceInfo }: ReturnType<typeof parse>,
  { declared, result }: Wanted,
  { funcs }: Environment,
): string | undefined => {
  const placeOf = ({ id }: ExpressionNode): string => placeIn(text, sourceInfo?.positions[String(id)]);
  const { maxNesting } = expressionLimits;
  const depth = depthOfComprehensions(expr);
  if (depth > maxNesting)
    return `comprehensions (all, exists, map, filter …) nest ${depth} deep, at most ${maxNesting}`;
  const unknown = unknownNameIn(expr, declared, (name) => funcs.find(name) !== undefined);
  if (unknown !== undefined)
    return `it names ${shown(unknown.text)}, which is unknown; it may name ${declared.join(', ')} and what CEL has, ${placeOf(unknown.node)}`;
  const fault = expr && typeFaultOf(expr, result, (name) => [...(funcs.find(name) ?? [])]);
  return fault === undefined ? undefined : shown(`${fault.why}, ${placeOf(fault.node)}`);
};

/**
 * Compiles a CEL expression over the declared variables. The error says what is wrong and where, for people.
 *
 * The interpreter has no budget of its own, so each iteration of a comprehension and each element of the input that is
 * looked at costs a step. Attack: a statement of 16 MiB, written by somebody who may push, and an expression that
 * compares all of its elements with each other.
 * Names that nothing declares are refused, and types that cannot fit; what depends on the values is not.
 * @see https://github.com/google/cel-spec/blob/v0.24.0/doc/langdef.md
 */
export const compileProgram = (text: string, wanted: Wanted): Result<ExpressionProgram, string> => {
  const { declared, result, functions } = wanted;
  const { maxText, maxSteps } = expressionLimits;
  if (text.length > maxText) return fail(`it has more than ${maxText} characters`);
  // An evaluation is one synchronous call, so one budget at a time is in use.
  let budget: StepBudget = createStepBudget(0);
  const step = celFunc(countIterations.name, [CelScalar.BOOL], CelScalar.BOOL, (goesOn) => {
    budget.spend();
    return goesOn;
  });
  const variables = Object.fromEntries(declared.map((name) => [name, CelScalar.DYN]));
  const environment = celEnv({
    variables,
    funcs: [step, testPresence.func, ...(functions?.(() => budget) ?? [])],
    re2,
  });
  let run: (bindings: Record<string, unknown>) => unknown;
  let names: ReadonlySet<string>;
  let combined: ReadonlySet<string>;
  try {
    const parsed = parse(text);
    const fault = faultIn(text, parsed, wanted, environment);
    if (fault !== undefined) return fail(fault);
    const named = namesIn(parsed.expr);
    names = new Set(declared.filter((name) => named.has(name)));
    combined = combinedIn(parsed.expr);
    countIterations.in(parsed.expr);
    testPresence.in(parsed.expr);
    run = plan(environment, parsed) as typeof run;
  } catch (error) {
    return fail(shown(messageOf(error)));
  }
  return ok({
    names,
    combines: (asked) => asked.find((name) => combined.has(name)),
    run: (bind) => {
      budget = createStepBudget(maxSteps);
      let evaluated: Evaluated;
      try {
        evaluated = resultOf(run({ ...bind(budget) }), result, budget);
      } catch (error) {
        const why = budget.stopped();
        evaluated =
          why === undefined ? { state: 'error', why: shown(messageOf(error)) } : { state: 'stopped', why };
      }
      return { ...evaluated, steps: budget.used() };
    },
  });
};
