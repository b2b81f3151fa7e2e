import type { Evaluation } from '../evaluate/evaluation.ts';
import { BuiltinFault } from '../evaluate/fault.ts';
import { wholeNumberOf, isNumber } from '../values/number.ts';
import type { ExactNumber } from '../values/exact-number.ts';
import { typeName, valueText } from '../values/value-text.ts';
import { RegoObject, RegoSet, type Maybe, type RegoValue } from '../values/value.ts';

/** A builtin (Policy Reference, "Built-in Functions"): its arguments have values, and its answer may have none. */
export type Builtin = (args: readonly RegoValue[], ctx: Evaluation) => Maybe;
export type BuiltinTable = Readonly<Record<string, Builtin>>;

/** @throws {BuiltinFault} always: an argument has the wrong type */
export const wrongOperand = (at: number, wanted: string, got: RegoValue): never => {
  throw new BuiltinFault(`operand ${at} must be ${wanted} but got ${typeName(got)}`, 'eval_type_error');
};

/** Whether a text can be read: reading it is no fault. What is no text cannot. */
export const isReadableBy =
  (read: (text: string) => unknown) =>
  ([text = null]: readonly RegoValue[]): boolean => {
    if (typeof text !== 'string') return false;
    try {
      read(text);
      return true;
    } catch (error) {
      if (error instanceof BuiltinFault) return false;
      throw error;
    }
  };

const operand = (args: readonly RegoValue[], at: number): RegoValue => args[at - 1] ?? null;

/** The arguments of a builtin, counted from 1, each with the type that it must have. */
export const textAt = (args: readonly RegoValue[], at: number): string => {
  const value = operand(args, at);
  return typeof value === 'string' ? value : wrongOperand(at, 'string', value);
};
export const numberAt = (args: readonly RegoValue[], at: number): number | ExactNumber => {
  const value = operand(args, at);
  return isNumber(value) ? value : wrongOperand(at, 'number', value);
};
export const integerAt = (args: readonly RegoValue[], at: number): bigint => {
  const value = numberAt(args, at);
  const integer = wholeNumberOf(value);
  if (integer === undefined)
    throw new BuiltinFault(
      `operand ${at} must be integer number but got floating-point number`,
      'eval_type_error',
    );
  return integer;
};
export const objectAt = (args: readonly RegoValue[], at: number): RegoObject => {
  const value = operand(args, at);
  return value instanceof RegoObject ? value : wrongOperand(at, 'object', value);
};
export const arrayAt = (args: readonly RegoValue[], at: number): readonly RegoValue[] => {
  const value = operand(args, at);
  return Array.isArray(value) ? (value as readonly RegoValue[]) : wrongOperand(at, 'array', value);
};
export const setAt = (args: readonly RegoValue[], at: number): RegoSet => {
  const value = operand(args, at);
  return value instanceof RegoSet ? value : wrongOperand(at, 'set', value);
};

/** The items of an array, or of a set in order. */
export const itemsAt = (
  args: readonly RegoValue[],
  at: number,
  wanted = 'one of {set, array}',
): readonly RegoValue[] => {
  const value = operand(args, at);
  if (value instanceof RegoSet) return value.sorted();
  return Array.isArray(value) ? (value as readonly RegoValue[]) : wrongOperand(at, wanted, value);
};

/** Items that must be texts. */
export const textsOf = (
  items: readonly RegoValue[],
  at: number,
  wanted = 'array of string',
): readonly string[] =>
  items.map((item) => {
    if (typeof item === 'string') return item;
    throw new BuiltinFault(
      `operand ${at} must be ${wanted} but got ${wanted.split(' ')[0]} containing ${typeName(item)}`,
      'eval_type_error',
    );
  });

/** A text for messages. */
export const shownValue = (value: RegoValue): string => valueText(value);
