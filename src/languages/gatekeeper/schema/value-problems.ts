import { quote } from '../../../core/text/cut-middle.ts';
import {
  isJsonObject,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { compileRe2 } from '../re2.ts';
import { isOfNumberFormat, isOfTextFormat, isTextFormat } from './format/formats.ts';
import { fieldSchema } from './structural-schema.ts';

type Path = PolicyProblem['path'];
type Problems = readonly PolicyProblem[];

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

const typeOf = (value: JsonValue): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const isOfType = (type: string, value: JsonValue): boolean =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;

const foundText = (value: JsonValue): string => {
  if (value === null) return 'nothing';
  return typeof value === 'string' ? `the text ${quote(value)}` : (typeNames[typeOf(value)] ?? 'something');
};

/** The API server looks at the format alone then, and of a list it looks at none. */
const isListForFormat = ({ type, format }: JsonObject, value: JsonValue): boolean =>
  type === 'string' && Array.isArray(value) && isTextFormat(textOf(format));

const typeProblems = (schema: JsonObject, value: JsonValue, path: Path): Problems => {
  if (value === null && schema['nullable'] === true) return [];
  if (schema['x-kubernetes-int-or-string'] === true)
    return isOfType('integer', value) || isOfType('string', value)
      ? []
      : [{ path, message: `expected a whole number or text, found ${foundText(value)}` }];
  const { type } = schema;
  if (typeof type !== 'string' || type === '' || isOfType(type, value)) return [];
  if (isListForFormat(schema, value)) return [];
  return [{ path, message: `expected ${typeNames[type] ?? type}, found ${foundText(value)}` }];
};

const isSame = (one: JsonValue | undefined, other: JsonValue | undefined): boolean => {
  if (Array.isArray(one) && Array.isArray(other))
    return (
      one.length === other.length && one.every((item: JsonValue, at) => isSame(item, other[at] as JsonValue))
    );
  if (isJsonObject(one) && isJsonObject(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
    );
  }
  return one === other;
};

const enumProblems = (schema: JsonObject, value: JsonValue, path: Path): Problems => {
  const { enum: allowed } = schema;
  if (!Array.isArray(allowed)) return [];
  // The API server finds `null` in no list, not even in one that names it.
  if (value !== null && (allowed as readonly JsonValue[]).some((one) => isSame(one, value))) return [];
  return [{ path, message: `expected one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}` }];
};

/** A bound of a schema; what is no number bounds nothing. */
const boundOf = (schema: JsonObject, name: string): number | undefined => {
  const bound = schema[name];
  return typeof bound === 'number' ? bound : undefined;
};

/** What a length is called, by the end of the keywords that bound it: `minItems`, `maxItems`. */
const unitNames = { Length: 'characters', Items: 'items', Properties: 'fields' } as const;

const lengthProblems = (
  schema: JsonObject,
  unit: keyof typeof unitNames,
  length: number,
  path: Path,
): Problems => {
  const [min, max] = [boundOf(schema, `min${unit}`), boundOf(schema, `max${unit}`)];
  const what = unitNames[unit];
  if (min !== undefined && length < min) return [{ path, message: `must have at least ${min} ${what}` }];
  return max !== undefined && length > max ? [{ path, message: `must have at most ${max} ${what}` }] : [];
};

/** Whether a number lies outside of a bound; `sign` is -1 for the lower one. */
const isBeyond = (value: number, bound: number | undefined, sign: number, isExclusive: boolean): boolean => {
  if (bound === undefined) return false;
  const over = (value - bound) * sign;
  return over > 0 || (isExclusive && over === 0);
};

/**
 * As the API server has it: 0.3 is a multiple of 0.1, though not in the 64 bits of both, and a whole number is held against
 * the whole part of the step, which may be nothing.
 */
const isMultiple = (value: number, step: number): boolean => {
  const times = value / (Number.isInteger(value) ? Math.trunc(step) : step);
  return Number.isFinite(times) && Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
};

const numberProblems = (schema: JsonObject, value: number, path: Path): Problems => {
  const [min, max, step] = ['minimum', 'maximum', 'multipleOf'].map((name) => boundOf(schema, name));
  const problems: string[] = [];
  if (isBeyond(value, min, -1, schema['exclusiveMinimum'] === true)) problems.push(`at least ${min}`);
  if (isBeyond(value, max, 1, schema['exclusiveMaximum'] === true)) problems.push(`at most ${max}`);
  if (step !== undefined && !isMultiple(value, step)) problems.push(`a multiple of ${step}`);
  const { type, format } = schema;
  if (!isOfNumberFormat(textOf(type), textOf(format), value))
    problems.push(`of the range of ${textOf(format) || 'int64'}`);
  return problems.map((what) => ({ path, message: `must be ${what}` }));
};

/** A pattern that nobody can read lets nothing through. */
const matches = (pattern: string, text: string): boolean => {
  const compiled = compileRe2(pattern);
  return compiled.ok && compiled.value(text);
};

/** A format means something in texts and where no type is named. */
const formatProblems = ({ type = '', format }: JsonObject, value: string, path: Path): Problems => {
  const isAsked = typeof format === 'string' && (type === '' || type === 'string');
  return !isAsked || isOfTextFormat(format, value)
    ? []
    : [{ path, message: `${quote(value)} is not of the format ${quote(format)}` }];
};

const textProblems = (schema: JsonObject, value: string, path: Path): Problems => {
  const { pattern } = schema;
  return [
    ...lengthProblems(schema, 'Length', Array.from(value).length, path),
    ...(typeof pattern !== 'string' || matches(pattern, value)
      ? []
      : [{ path, message: `${quote(value)} does not match the pattern ${quote(pattern)}` }]),
    ...formatProblems(schema, value, path),
  ];
};

const textsIn = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter((one) => typeof one === 'string') : [];

const objectProblems = (schema: JsonObject, value: JsonObject, path: Path): Problems => {
  const missing = textsIn(schema['required']).filter((name) => !Object.hasOwn(value, name));
  return [
    ...lengthProblems(schema, 'Properties', Object.keys(value).length, path),
    ...missing.map((name) => ({ path: [...path, name], message: `missing field ${quote(name)}` })),
    ...Object.entries(value).flatMap(([key, given]) => {
      const one = fieldSchema(schema, key);
      return isJsonObject(one) ? valueProblems(one, given ?? null, [...path, key]) : [];
    }),
  ];
};

const listProblems = (schema: JsonObject, value: readonly JsonValue[], path: Path): Problems => {
  const { items } = schema;
  return [
    ...lengthProblems(schema, 'Items', value.length, path),
    ...(isJsonObject(items) ? value.flatMap((item, at) => valueProblems(items, item, [...path, at])) : []),
  ];
};

const togetherProblems = (schema: JsonObject, value: JsonValue, path: Path): Problems => {
  const fits = (one: JsonObject): boolean => valueProblems(one, value, path).length === 0;
  const [all, any, one] = [
    objectsIn(schema['allOf']),
    objectsIn(schema['anyOf']),
    objectsIn(schema['oneOf']),
  ];
  const { not } = schema;
  return [
    ...all.flatMap((part) => valueProblems(part, value, path)),
    ...(any.length === 0 || any.some(fits) ? [] : [{ path, message: 'fits none of the forms of `anyOf`' }]),
    ...(one.length === 0 || one.filter(fits).length === 1
      ? []
      : [{ path, message: 'does not fit exactly one of the forms of `oneOf`' }]),
    ...(isJsonObject(not) && fits(not) ? [{ path, message: 'has the form that `not` forbids' }] : []),
  ];
};

const partProblems = (schema: JsonObject, value: JsonValue, path: Path): Problems => {
  if (typeof value === 'string') return textProblems(schema, value, path);
  if (typeof value === 'number') return numberProblems(schema, value, path);
  if (Array.isArray(value)) return listProblems(schema, value as readonly JsonValue[], path);
  return isJsonObject(value) ? objectProblems(schema, value, path) : [];
};

/**
 * Why a value does not fit its schema, as the API server and Gatekeeper judge constraints. What the API server asks of what
 * is written to it, and Gatekeeper does not ask again, is told by `ruleFindings` and `duplicateProblems`.
 */
export const valueProblems = (schema: JsonObject, value: JsonValue, path: Path = []): Problems => {
  const wrong = typeProblems(schema, value, path);
  if (wrong.length > 0) return wrong;
  if (value === null) return enumProblems(schema, value, path);
  return [
    ...enumProblems(schema, value, path),
    ...partProblems(schema, value, path),
    ...togetherProblems(schema, value, path),
  ];
};
