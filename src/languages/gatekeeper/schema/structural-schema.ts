import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';

type Path = PolicyProblem['path'];

/** Deeper schemas are refused: they are walked by recursion. */
const maxDepth = 64;

const mayLackType = (schema: JsonObject): boolean =>
  schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;

/** The version of ConstraintTemplate in which a schema is structural unless it says otherwise. */
const structuralVersion = 'templates.gatekeeper.sh/v1';

/** Whether a schema is of the old form, in which values need no type and unknown fields stay. */
export const isLegacySchema = (apiVersion: string, validation: JsonValue | undefined): boolean => {
  const { legacySchema } = objectOf(validation);
  return typeof legacySchema === 'boolean' ? legacySchema : apiVersion !== structuralVersion;
};

/** What a schema says of a field, by its name or as of all others; `true` takes anything, `undefined` says nothing. */
export const fieldSchema = (schema: JsonObject, name: string): JsonValue | undefined => {
  const properties = objectOf(schema['properties']);
  return Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'];
};

/** Schemas of the values below a schema, with their paths. */
const below = (schema: JsonObject): readonly (readonly [Path, JsonObject])[] => [
  ...Object.entries(objectOf(schema['properties'])).map(([name, one]): readonly [Path, JsonObject] => [
    ['properties', name],
    objectOf(one),
  ]),
  ...['items', 'additionalProperties']
    .filter((field) => isJsonObject(schema[field]))
    .map((field): readonly [Path, JsonObject] => [[field], objectOf(schema[field])]),
];

/** Why a schema is none that the API server takes: every value has a type, unless the schema is of the old form. */
export const schemaProblems = (
  schema: JsonObject,
  isLegacy: boolean,
  path: Path = [],
): readonly PolicyProblem[] => {
  if (path.length > maxDepth) return [{ path, message: `nested more than ${maxDepth} levels deep` }];
  const hasType = typeof schema['type'] === 'string';
  const untyped =
    isLegacy || hasType || mayLackType(schema)
      ? []
      : [{ path, message: 'a structural schema needs a `type` here, or `legacySchema: true` above' }];
  return [
    ...untyped,
    ...below(schema).flatMap(([steps, one]) => schemaProblems(one, isLegacy, [...path, ...steps])),
  ];
};
