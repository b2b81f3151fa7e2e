import { compareValues, type RegoValue } from '../values/value.ts';
import { typeName, valueText } from '../values/value-text.ts';

/** What can be known of a value before it is there (Policy Language, "Type Checking"); `undefined`: nothing yet. */
export type MaybeType = Type | undefined;
export type Type = ScalarType | ArrayType | ObjectType | SetType | AnyType | FunctionType;

interface ScalarType {
  readonly kind: 'null' | 'boolean' | 'number' | 'string';
}
interface ArrayType {
  readonly kind: 'array';
  readonly items: readonly MaybeType[];
  /** Of the items behind these. */
  readonly rest: MaybeType;
}
export interface ObjectType {
  readonly kind: 'object';
  readonly fields: readonly (readonly [RegoValue, MaybeType])[];
  /** Of other fields. */
  readonly rest: { readonly key: MaybeType; readonly value: MaybeType } | undefined;
}
interface SetType {
  readonly kind: 'set';
  readonly of: MaybeType;
}
/** One of several; without any, whatever there is. */
interface AnyType {
  readonly kind: 'any';
  readonly of: readonly Type[];
}
interface FunctionType {
  readonly kind: 'function';
  readonly args: readonly MaybeType[];
  readonly result: MaybeType;
}

export const anything: AnyType = { kind: 'any', of: [] };
export const scalarType = (kind: ScalarType['kind']): ScalarType => ({ kind });
const numberType = scalarType('number');

const order = ['null', 'boolean', 'number', 'string', 'array', 'object', 'set', 'any', 'function'];

const listed = (texts: readonly string[]): string => (texts.length === 0 ? '' : `<${texts.join(', ')}>`);
const keyText = (key: RegoValue): string => (typeof key === 'string' ? key : valueText(key));

const objectText = ({ fields, rest }: ObjectType): string => {
  const known = listed(fields.map(([key, value]) => `${keyText(key)}: ${typeText(value)}`));
  return `object${known}${rest === undefined ? '' : `[${typeText(rest.key)}: ${typeText(rest.value)}]`}`;
};

const arrayText = ({ items, rest }: ArrayType): string =>
  `array${listed(items.map(typeText))}${rest === undefined ? '' : `[${typeText(rest)}]`}`;

/** A type as OPA writes it. */
export const typeText = (type: MaybeType): string => {
  if (type === undefined) return '???';
  if (type.kind === 'array') return arrayText(type);
  if (type.kind === 'object') return objectText(type);
  if (type.kind === 'set') return `set[${typeText(type.of)}]`;
  if (type.kind === 'any') return `any${listed(type.of.map(typeText))}`;
  return type.kind === 'function'
    ? `(${type.args.map(typeText).join(', ')}) => ${typeText(type.result)}`
    : type.kind;
};

/** A value has one of two types. */
export const either = (one: MaybeType, other: MaybeType): MaybeType => {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.kind === 'function' || other.kind === 'function') return eitherFunction(one, other);
  if (isAnything(one) || isAnything(other)) return anything;
  const all = [one, other].flatMap((type) => (type.kind === 'any' ? type.of : [type]));
  const distinct = [...new Map(all.map((type) => [typeText(type), type])).values()];
  const [first] = distinct;
  if (distinct.length === 1) return first;
  return { kind: 'any', of: distinct.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)) };
};

const eitherFunction = (one: Type, other: Type): MaybeType =>
  one.kind === 'function' && other.kind === 'function' && one.args.length === other.args.length
    ? {
        kind: 'function',
        args: one.args.map((arg, at) => either(arg, other.args[at])),
        result: either(one.result, other.result),
      }
    : undefined;

export const isAnything = (type: MaybeType): boolean => type?.kind === 'any' && type.of.length === 0;

const eitherOf = (types: readonly MaybeType[]): MaybeType =>
  types.reduce<MaybeType>((all, type) => either(all, type), undefined);

const eitherBelow = (type: AnyType, below: (one: Type) => MaybeType): MaybeType =>
  isAnything(type) ? anything : eitherOf(type.of.map(below));

export const typeOfScalar = (value: RegoValue): Type => {
  const name = typeName(value);
  return ['null', 'boolean', 'number', 'string'].includes(name)
    ? scalarType(name as ScalarType['kind'])
    : anything;
};

/** Of the keys that a value has; `undefined`: it has none. */
export const typeOfKeys = (type: MaybeType): MaybeType => {
  if (type?.kind === 'array') return numberType;
  if (type?.kind === 'object')
    return eitherOf([...type.fields.map(([key]) => typeOfScalar(key)), type.rest?.key]);
  if (type?.kind === 'set') return type.of;
  return type?.kind === 'any' ? eitherBelow(type, typeOfKeys) : undefined;
};

/** Of the values under these keys. */
export const typeOfValues = (type: MaybeType): MaybeType => {
  if (type?.kind === 'array') return eitherOf([...type.items, type.rest]);
  if (type?.kind === 'object') return eitherOf([...type.fields.map(([, value]) => value), type.rest?.value]);
  if (type?.kind === 'set') return type.of;
  return type?.kind === 'any' ? eitherBelow(type, typeOfValues) : undefined;
};

const includes = (type: MaybeType, key: Type): boolean =>
  type?.kind === 'any'
    ? isAnything(type) || type.of.some(({ kind }) => kind === key.kind)
    : type?.kind === key.kind;

export const itemAt = ({ items, rest }: ArrayType, at: number): MaybeType =>
  at < items.length ? items[at] : rest;

const itemUnder = (type: ArrayType, key: RegoValue): MaybeType =>
  typeof key === 'number' && key >= 0 ? itemAt(type, key) : undefined;

const fieldAt = ({ fields, rest }: ObjectType, key: RegoValue): MaybeType => {
  const field = fields.find(([known]) => compareValues(known, key) === 0);
  if (field !== undefined) return field[1];
  return includes(rest?.key, typeOfScalar(key)) ? rest?.value : undefined;
};

/** Of the value under one key; `undefined`: there is none. */
export const typeUnder = (type: MaybeType, key: RegoValue): MaybeType => {
  const keyType = typeOfScalar(key);
  if (type?.kind === 'array') return itemUnder(type, key);
  if (type?.kind === 'object') return fieldAt(type, key);
  if (type?.kind === 'set' && includes(type.of, keyType)) return keyType;
  return type?.kind === 'any' ? eitherBelow(type, (one) => typeUnder(one, key)) : undefined;
};

/** Whether something in a type is not known yet. */
export const isUnknown = (type: MaybeType): boolean => {
  if (type === undefined) return true;
  if (type.kind === 'array')
    return type.items.some(isUnknown) || (type.rest !== undefined && isUnknown(type.rest));
  if (type.kind === 'object')
    return (
      type.fields.some(([, value]) => isUnknown(value)) ||
      (type.rest !== undefined && (isUnknown(type.rest.key) || isUnknown(type.rest.value)))
    );
  if (type.kind === 'set') return isUnknown(type.of);
  return type.kind === 'any' && type.of.some(isUnknown);
};

/** Whether one value may have both types. */
export const mayAgree = (one: MaybeType, other: MaybeType): boolean => {
  if (one === undefined || other === undefined) return false;
  if (one.kind === 'any' || other.kind === 'any') return isOneOf(one, other) || isOneOf(other, one);
  if (one.kind === 'array' && other.kind === 'array') return arraysAgree(one, other);
  if (one.kind === 'object' && other.kind === 'object') return objectsAgree(one, other);
  if (one.kind === 'set' && other.kind === 'set') return mayAgree(one.of, other.of);
  return one.kind === other.kind;
};

const isOneOf = (one: Type, other: Type): boolean =>
  one.kind === 'any' &&
  other.kind !== 'function' &&
  (one.of.length === 0 || one.of.some((type) => mayAgree(type, other)));

const arraysAgree = (one: ArrayType, other: ArrayType): boolean => {
  const length = Math.max(one.items.length, other.items.length);
  for (let at = 0; at < length; at++) if (!mayAgree(itemAt(one, at), itemAt(other, at))) return false;
  return one.rest === undefined || other.rest === undefined || mayAgree(one.rest, other.rest);
};

const objectsAgree = (one: ObjectType, other: ObjectType): boolean => {
  const hold = (left: ObjectType, right: ObjectType): boolean =>
    left.fields.every(([key, value]) => {
      const there = typeUnder(right, key);
      if (there === undefined) return left.rest !== undefined || right.rest !== undefined;
      return mayAgree(value, there);
    });
  if (!hold(one, other) || !hold(other, one)) return false;
  return one.rest === undefined || other.rest === undefined || mayAgree(one.rest.value, other.rest.value);
};

/** A type is walked whole each time it is compared; larger ones are forgotten. */
const maxWeight = 8192;
const weights = new WeakMap<Type, number>();

const partsOf = (type: Type): readonly MaybeType[] => {
  if (type.kind === 'array') return [...type.items, type.rest];
  if (type.kind === 'object')
    return [...type.fields.map(([, value]) => value), type.rest?.key, type.rest?.value];
  if (type.kind === 'set') return [type.of];
  if (type.kind === 'any') return type.of;
  return type.kind === 'function' ? [...type.args, type.result] : [];
};

const weightOf = (type: MaybeType): number => {
  if (type === undefined) return 0;
  const known = weights.get(type);
  if (known !== undefined) return known;
  const weight = partsOf(type).reduce<number>((sum, part) => sum + weightOf(part), 1);
  weights.set(type, weight);
  return weight;
};

/**
 * The type of a value that is made of others. Attack: `x1 := [x0, x0]`, `x2 := [x1, x1]` and so on make a type twice as
 * large in each line, and a template of a kilobyte would keep the gate busy for ever.
 */
export const bounded = (type: Type): Type => (weightOf(type) > maxWeight ? anything : type);
