import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { fieldSchema } from './structural-schema.ts';

type Path = PolicyProblem['path'];
type Problems = readonly PolicyProblem[];

/** The same text for the same value, whatever the order of its fields. */
const canonical = (value: JsonValue | undefined): string =>
  JSON.stringify(value ?? null, (_key, one: unknown) =>
    isJsonObject(one) ? Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)) : one,
  );

const keysOf = (schema: JsonObject): readonly string[] => {
  const keys = schema['x-kubernetes-list-map-keys'];
  return Array.isArray(keys) ? (keys as readonly JsonValue[]).filter((key) => typeof key === 'string') : [];
};

/** What must not be twice in a list; `undefined`: anything may. */
const identityIn = (schema: JsonObject): ((item: JsonValue) => string) | undefined => {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return canonical;
  if (type !== 'map') return undefined;
  const keys = keysOf(schema);
  return (item) => {
    const object = objectOf(item);
    return canonical(keys.map((key) => (Object.hasOwn(object, key) ? [object[key] ?? null] : [])));
  };
};

const repeatedIn = (schema: JsonObject, value: readonly JsonValue[], path: Path): Problems => {
  const identity = identityIn(schema);
  if (identity === undefined) return [];
  const first = new Map<string, number>();
  const problems: PolicyProblem[] = [];
  for (const [at, item] of value.entries()) {
    const one = identity(item);
    const known = first.get(one);
    if (known === undefined) first.set(one, at);
    else problems.push({ path: [...path, at], message: `is the same as item ${known} of the list` });
  }
  return problems;
};

/** Items that stand twice in a list of which each item may stand once (`x-kubernetes-list-type`: `set`, `map`). */
export const duplicateProblems = (schema: JsonObject, value: JsonValue, path: Path): Problems => {
  if (Array.isArray(value)) {
    const { items } = schema;
    const list = value as readonly JsonValue[];
    return [
      ...repeatedIn(schema, list, path),
      ...(isJsonObject(items)
        ? list.flatMap((item, at) => duplicateProblems(items, item, [...path, at]))
        : []),
    ];
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, given = null]) => {
    const one = fieldSchema(schema, key);
    return isJsonObject(one) ? duplicateProblems(one, given, [...path, key]) : [];
  });
};
