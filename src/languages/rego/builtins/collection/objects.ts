import { lookup } from '../../evaluate/document.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import { typeName } from '../../values/value-text.ts';
import { equalValues, RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { walk } from '../../values/walk-bound.ts';
import { arrayAt, objectAt, wrongOperand, type BuiltinTable } from '../builtin.ts';

const union = (one: RegoObject, other: RegoObject): RegoObject => {
  walk(one.size + other.size);
  const result = one.copy();
  for (const [key, value] of other.entries()) {
    const there = one.get(key);
    const isBoth = there instanceof RegoObject && value instanceof RegoObject;
    result.set(key, isBoth ? union(there, value) : value);
  }
  return result;
};

/** The last object that has a key decides, but objects at the same place are joined. */
const unionOf = (args: readonly RegoValue[]): RegoValue =>
  arrayAt(args, 1).reduce<RegoObject>((all, item) => {
    if (item instanceof RegoObject) return union(all, item);
    throw new BuiltinFault(
      `operand 1 must be array of objects but got array containing ${typeName(item)}`,
      'eval_type_error',
    );
  }, new RegoObject());

const keysAt = (args: readonly RegoValue[]): RegoSet => {
  const [, keys = null] = args;
  if (keys instanceof RegoSet) return keys;
  if (keys instanceof RegoObject) return RegoSet.of(keys.keys());
  if (Array.isArray(keys)) return RegoSet.of(keys as readonly RegoValue[]);
  return wrongOperand(2, 'one of {object, set, array}', keys);
};

const kept = (args: readonly RegoValue[], isKept: boolean): RegoObject => {
  const object = objectAt(args, 1);
  const keys = keysAt(args);
  return RegoObject.of(object.entries().filter(([key]) => keys.has(key) === isKept));
};

const get = (args: readonly RegoValue[]): RegoValue => {
  const object = objectAt(args, 1);
  const [, key = null, fallback = null] = args;
  let value: RegoValue = object;
  for (const step of Array.isArray(key) ? (key as readonly RegoValue[]) : [key]) {
    const found: RegoValue | undefined = lookup(value, step);
    if (found === undefined) return fallback;
    value = found;
  }
  return value;
};

/** Whether each part of one value stands in the other: nested objects, sets, and arrays in one piece. */
const isSubset = (whole: RegoValue, part: RegoValue): boolean => {
  walk(1);
  if (whole instanceof RegoObject && part instanceof RegoObject)
    return part.entries().every(([key, value]) => {
      const there = whole.get(key);
      return there !== undefined && isPart(there, value);
    });
  if (whole instanceof RegoSet && part instanceof RegoSet)
    return [...part.values()].every((item) => whole.has(item));
  if (Array.isArray(whole) && Array.isArray(part)) return isRun(whole as RegoValue[], part as RegoValue[]);
  return equalValues(whole, part);
};

const isPart = (whole: RegoValue, part: RegoValue): boolean => isSubset(whole, part);

const isRun = (whole: readonly RegoValue[], part: readonly RegoValue[]): boolean => {
  for (let from = 0; from + part.length <= whole.length; from++) {
    const other = part.findIndex((item, at) => !equalValues(whole[from + at] ?? null, item));
    if (other < 0) return true;
    walk(1 + other);
  }
  return false;
};

const subset = ([whole = null, part = null]: readonly RegoValue[]): RegoValue => {
  const isMixed = Array.isArray(whole) && part instanceof RegoSet;
  if (isMixed) {
    const items = RegoSet.of(whole as readonly RegoValue[]);
    return [...part.values()].every((item) => items.has(item));
  }
  const isSame =
    (whole instanceof RegoObject && part instanceof RegoObject) ||
    (whole instanceof RegoSet && part instanceof RegoSet) ||
    (Array.isArray(whole) && Array.isArray(part));
  if (!isSame)
    throw new BuiltinFault(
      'both arguments object.subset must be of the same type or array and set',
      'eval_type_error',
    );
  return isSubset(whole, part);
};

/** Policy Reference, "Objects". */
export const objects: BuiltinTable = {
  'object.union': (args) => union(objectAt(args, 1), objectAt(args, 2)),
  'object.union_n': unionOf,
  'object.remove': (args) => kept(args, false),
  'object.filter': (args) => kept(args, true),
  'object.get': get,
  'object.keys': (args) => RegoSet.of(objectAt(args, 1).keys()),
  'object.subset': subset,
};
