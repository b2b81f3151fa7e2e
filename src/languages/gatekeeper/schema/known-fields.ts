import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { setField, type MutableObject } from '../../../core/text/parsed-text.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { fieldSchema } from './structural-schema.ts';

type Path = PolicyProblem['path'];

/** A value without the fields that its schema does not know, and where these stood. */
interface PrunedValue {
  readonly value: JsonValue;
  readonly unknown: readonly Path[];
}

const keepsUnknown = (schema: JsonObject): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;

/**
 * The schema of a field; `undefined`: the field is unknown. `true` in place of a schema knows the field, and nothing of
 * what stands in it.
 */
const schemaOf = (schema: JsonObject, key: string): JsonObject | 'any' | undefined => {
  const named = fieldSchema(schema, key);
  if (isJsonObject(named)) return named;
  if (named === true) return {};
  return keepsUnknown(schema) ? 'any' : undefined;
};

/**
 * What the API server stores of a value: it drops fields that the schema does not know. A template would read them, so a
 * constraint in a file would mean something else than the same one in a cluster.
 */
export const knownPart = (schema: JsonObject, value: JsonValue, path: Path = []): PrunedValue => {
  const unknown: Path[] = [];
  const inner = (one: JsonObject | 'any', given: JsonValue, step: string | number): JsonValue => {
    if (one === 'any') return given;
    const part = knownPart(one, given, [...path, step]);
    unknown.push(...part.unknown);
    return part.value;
  };
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!isJsonObject(items) && keepsUnknown(schema)) return { value, unknown };
    return { value: value.map((item: JsonValue, at) => inner(objectOf(items), item, at)), unknown };
  }
  if (!isJsonObject(value)) return { value, unknown };
  const known: MutableObject = {};
  for (const [key, given] of Object.entries(value)) {
    const one = schemaOf(schema, key);
    if (one === undefined) unknown.push([...path, key]);
    else setField(known, key, inner(one, given ?? null, key));
  }
  return { value: known, unknown };
};
