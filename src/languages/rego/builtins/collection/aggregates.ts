import type { ExactNumber } from '../../values/exact-number.ts';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import { isNumber } from '../../values/number.ts';
import { typeName } from '../../values/value-text.ts';
import {
  compareValues,
  equalValues,
  RegoObject,
  RegoSet,
  type Maybe,
  type RegoValue,
} from '../../values/value.ts';
import { plus, multiplied } from '../number/arithmetic.ts';
import { itemsAt, wrongOperand, type BuiltinTable } from '../builtin.ts';

const codePoints = (text: string): number => {
  let count = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd8_00 && unit < 0xdc_00) count -= 1;
  }
  return count;
};

const count = ([value = null]: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  if (typeof value === 'string') {
    ctx.shared.budget.spend(Math.floor(value.length / 64));
    return codePoints(value);
  }
  if (value instanceof RegoObject || value instanceof RegoSet) return value.size;
  return Array.isArray(value) ? value.length : wrongOperand(1, 'one of {array, object, set, string}', value);
};

type Num = number | ExactNumber;

const folded =
  (start: Num, add: (one: Num, other: Num) => Num) =>
  (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
    const name = Array.isArray(args[0]) ? 'array' : 'set';
    const items = itemsAt(args, 1);
    ctx.shared.budget.spend(items.length);
    return items.reduce<Num>((sum, item) => {
      if (!isNumber(item))
        throw new BuiltinFault(
          `operand 1 must be ${name} of numbers but got ${name} containing ${typeName(item)}`,
          'eval_type_error',
        );
      return add(sum, item);
    }, start);
  };

const extreme =
  (isBetter: (order: number) => boolean) =>
  (args: readonly RegoValue[]): Maybe => {
    const [first, ...rest] = itemsAt(args, 1);
    return rest.reduce<Maybe>(
      (best, item) => (best === undefined || isBetter(compareValues(item, best)) ? item : best),
      first,
    );
  };

const valuesOf = (value: RegoValue): readonly RegoValue[] => {
  if (value instanceof RegoSet) return value.sorted();
  if (value instanceof RegoObject) return value.values();
  return Array.isArray(value) ? (value as readonly RegoValue[]) : [];
};

const isMember = ([item = null, value = null]: readonly RegoValue[]): boolean =>
  value instanceof RegoSet ? value.has(item) : valuesOf(value).some((one) => equalValues(one, item));

const isEntry = ([key = null, item = null, value = null]: readonly RegoValue[]): boolean => {
  const there = Array.isArray(value)
    ? (value as readonly RegoValue[])[typeof key === 'number' ? key : -1]
    : value instanceof RegoObject || value instanceof RegoSet
      ? value.get(key)
      : undefined;
  return there !== undefined && equalValues(there, item);
};

/** Policy Reference, "Aggregates" and "Membership". */
export const aggregates: BuiltinTable = {
  count,
  sum: folded(0, plus),
  product: folded(1, multiplied),
  max: extreme((order) => order > 0),
  min: extreme((order) => order < 0),
  sort: (args, ctx) => {
    const items = itemsAt(args, 1, 'one of {array, set}');
    ctx.shared.budget.spend(Math.floor((items.length * Math.log2(items.length + 1)) / 4));
    return items.toSorted(compareValues);
  },
  any: (args) => itemsAt(args, 1, 'one of {array, set}').includes(true),
  all: (args) => itemsAt(args, 1, 'one of {array, set}').every((item) => item === true),
  'internal.member_2': isMember,
  'internal.member_3': isEntry,
};
