import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import type { ValueView } from '../../cel/cel-value.ts';

/** Words of the language, which cannot be the names of fields in an expression. */
const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
]);
const escapes: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/**
 * The name that a rule has for a field; `undefined`: it cannot name it.
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-expression
 */
export const escapedName = (name: string): string | undefined => {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_.\-/]/.test(name) || /[^a-zA-Z0-9_.\-/]/.test(name)) return undefined;
  return name.replaceAll(/__|[.\-/]/g, (part) => escapes[part] ?? part);
};

/** Formats of which a rule sees a value of another type than text. */
const typedFormats: Readonly<Record<string, string>> = {
  byte: 'bytes',
  date: 'a timestamp',
  datetime: 'a timestamp',
  duration: 'a duration',
};

const scalarView = ({ type, format }: JsonObject): ValueView => {
  if (type === 'number') return { isDouble: true };
  const typed = type === 'string' ? typedFormats[textOf(format).replaceAll('-', '')] : undefined;
  return typed === undefined
    ? {}
    : { hidden: `a text of the format ${JSON.stringify(format)} is ${typed} in a rule, and a text here` };
};

const views = new WeakMap<JsonObject, ValueView>();

const fieldsOf = (properties: JsonObject): NonNullable<ValueView['fields']> =>
  new Map(
    Object.entries(properties).flatMap(([name, schema]) => {
      const escaped = escapedName(name);
      return escaped === undefined ? [] : [[escaped, { ...viewOf(objectOf(schema)), name }] as const];
    }),
  );

const madeView = (schema: JsonObject): ValueView => {
  const { items, additionalProperties, properties } = schema;
  if (isJsonObject(items)) return { items: viewOf(items) };
  if (isJsonObject(additionalProperties)) return { values: viewOf(additionalProperties) };
  return isJsonObject(properties) ? { fields: fieldsOf(properties) } : scalarView(schema);
};

/** How a rule of the API server sees a value of a schema. */
export const viewOf = (schema: JsonObject): ValueView => {
  const known = views.get(schema);
  if (known !== undefined) return known;
  const made = madeView(schema);
  views.set(schema, made);
  return made;
};

/** Names of lists of which the order means nothing to `==` in a rule; `self` is the value itself. */
export const unorderedNames = (schema: JsonObject, name = 'self'): readonly string[] => {
  const isUnordered = ['set', 'map'].includes(textOf(schema['x-kubernetes-list-type']));
  const { items, additionalProperties } = schema;
  const below: readonly (readonly [string, JsonValue | undefined])[] = [
    ...Object.entries(objectOf(schema['properties'])),
    [name, items],
    [name, additionalProperties],
  ];
  return [
    ...(isUnordered ? [name === 'self' ? name : (escapedName(name) ?? name)] : []),
    ...below.flatMap(([field, one]) => (isJsonObject(one) ? unorderedNames(one, field) : [])),
  ];
};
