import { isNumber } from '../../values/number.ts';
import { typeName } from '../../values/value-text.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { wrongOperand, type BuiltinTable } from '../builtin.ts';

const isA =
  (test: (value: RegoValue) => boolean) =>
  ([value = null]: readonly RegoValue[]): boolean =>
    test(value);

const cast =
  (name: string, test: (value: RegoValue) => boolean) =>
  ([value = null]: readonly RegoValue[]): RegoValue =>
    test(value) ? value : wrongOperand(1, name, value);

const isList = (value: RegoValue): boolean => Array.isArray(value);
const isText = (value: RegoValue): boolean => typeof value === 'string';
const isBoolean = (value: RegoValue): boolean => typeof value === 'boolean';

const castArray = ([value = null]: readonly RegoValue[]): RegoValue => {
  if (value instanceof RegoSet) return value.sorted();
  return isList(value) ? value : wrongOperand(1, 'one of {array, set}', value);
};

const castSet = ([value = null]: readonly RegoValue[]): RegoValue => {
  if (Array.isArray(value)) return RegoSet.of(value as readonly RegoValue[]);
  return value instanceof RegoSet ? value : wrongOperand(1, 'one of {array, set}', value);
};

/** Policy Reference, "Types". */
export const typeChecks: BuiltinTable = {
  is_number: isA(isNumber),
  is_string: isA(isText),
  is_boolean: isA(isBoolean),
  is_array: isA(isList),
  is_set: isA((value) => value instanceof RegoSet),
  is_object: isA((value) => value instanceof RegoObject),
  is_null: isA((value) => value === null),
  type_name: ([value = null]) => typeName(value),
  cast_array: castArray,
  cast_set: castSet,
  cast_string: cast('string', isText),
  cast_boolean: cast('boolean', isBoolean),
  cast_null: cast('null', (value) => value === null),
  cast_object: cast('object', (value) => value instanceof RegoObject),
};
