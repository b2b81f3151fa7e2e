import type { Builtin } from '../builtins/builtin.ts';
import { deeper, ruleValue } from '../evaluate/document.ts';
import { BuiltinFault } from '../evaluate/fault.ts';
import type { Frame, Getter } from '../evaluate/frame.ts';
import type { FunctionCall } from '../evaluate/evaluation.ts';
import { priceOf, stepsOfCall } from './builtin-price.ts';
import type { RuleNode } from '../evaluate/rule-node.ts';
import { compareValues, equalValues, type RegoValue } from '../values/value.ts';

/** The values of terms, such as arguments; `undefined`: one of them has none. */
export const termValues = (frame: Frame, args: readonly Getter[]): readonly RegoValue[] | undefined => {
  const values: RegoValue[] = [];
  for (const arg of args) {
    const value = arg(frame);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
};

/** What a throw costs more than an answer. */
const stepsOfFault = 32;

/** Calls a builtin: a fault is no value, and the first one is kept for strict evaluations. */
export const builtinCall = (name: string, builtin: Builtin): FunctionCall => {
  const price = priceOf(name);
  return (ctx, args) => {
    const { budget, faults } = ctx.shared;
    budget.spend(stepsOfCall(args, price));
    try {
      const value = builtin(args, ctx);
      if (typeof value === 'string') budget.allocate(value.length);
      return value;
    } catch (error) {
      if (!(error instanceof BuiltinFault)) throw error;
      budget.spend(stepsOfFault);
      if (faults.length === 0) faults.push(new BuiltinFault(`${name}: ${error.message}`, error.code));
      return undefined;
    }
  };
};

const comparisons: ReadonlyMap<string, (one: RegoValue, other: RegoValue) => boolean> = new Map([
  ['equal', equalValues],
  ['neq', (one, other) => !equalValues(one, other)],
  ['lt', (one, other) => compareValues(one, other) < 0],
  ['lte', (one, other) => compareValues(one, other) <= 0],
  ['gt', (one, other) => compareValues(one, other) > 0],
  ['gte', (one, other) => compareValues(one, other) >= 0],
]);

const comparisonCode = (
  compare: (one: RegoValue, other: RegoValue) => boolean,
  left: Getter,
  right: Getter,
): Getter => {
  return (frame) => {
    const one = left(frame);
    if (one === undefined) return undefined;
    const other = right(frame);
    frame.ctx.shared.budget.spend();
    return other === undefined ? undefined : compare(one, other);
  };
};

export const builtinCode = (name: string, builtin: Builtin, args: readonly Getter[]): Getter => {
  const compare = comparisons.get(name);
  const [left, right] = args;
  if (compare !== undefined && left !== undefined && right !== undefined)
    return comparisonCode(compare, left, right);
  const call = builtinCall(name, builtin);
  return (frame) => {
    const { ctx } = frame;
    const values = termValues(frame, args);
    if (values === undefined) return undefined;
    return (ctx.functions?.get(name) ?? call)(ctx, values);
  };
};

export const functionCode = (node: RuleNode, args: readonly Getter[]): Getter => {
  const { name } = node;
  return (frame) => {
    const { ctx } = frame;
    const values = termValues(frame, args);
    if (values === undefined) return undefined;
    const replacement = ctx.functions?.get(name);
    if (replacement !== undefined) return replacement(ctx, values);
    return node.kind === 'function' ? deeper(ctx, () => node.call(ctx, values)) : ruleValue(ctx, node);
  };
};
