import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import { setField, type MutableObject } from '../../../core/text/parsed-text.ts';
import { crdFieldsOf } from '../crd-fields.ts';
import { isLegacySchema } from './structural-schema.ts';

/** Fields of a schema whose empty value Go leaves out when it writes one. */
const leftOutEmpty = [
  'id',
  '$schema',
  'description',
  'type',
  'format',
  'title',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'pattern',
  'uniqueItems',
  'enum',
  'required',
  'nullable',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
];
/** Those that it writes with any value. */
const kept = [
  '$ref',
  'default',
  'maximum',
  'minimum',
  'maxLength',
  'minLength',
  'maxItems',
  'minItems',
  'multipleOf',
  'maxProperties',
  'minProperties',
  'dependencies',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
];
const schemas = ['items', 'additionalItems', 'additionalProperties', 'not'];
const listsOfSchemas = ['allOf', 'oneOf', 'anyOf'];
const mapsOfSchemas = ['properties', 'patternProperties', 'definitions'];

const isEmpty = (value: JsonValue): boolean =>
  value === '' || value === false || (Array.isArray(value) && value.length === 0);

type Rewrite = (schema: JsonObject) => JsonObject;

const rewritten = (value: JsonValue, rewrite: Rewrite): JsonValue => {
  if (Array.isArray(value)) return value.map((one: JsonValue) => rewritten(one, rewrite));
  return isJsonObject(value) ? rewrite(value) : value;
};

const mapped = (map: JsonObject, rewrite: Rewrite): JsonObject => {
  const fields: MutableObject = {};
  for (const [name, one] of Object.entries(map)) setField(fields, name, rewritten(one ?? null, rewrite));
  return fields;
};

/** A schema as Gatekeeper hands it on: what the type of the API server has no field for is gone. */
const knownFields = (schema: JsonObject): JsonObject => {
  const fields: MutableObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || value === null) continue;
    if (kept.includes(name) || (leftOutEmpty.includes(name) && !isEmpty(value))) fields[name] = value;
    else if (schemas.includes(name) || (listsOfSchemas.includes(name) && !isEmpty(value)))
      fields[name] = rewritten(value, knownFields);
    else if (mapsOfSchemas.includes(name) && Object.keys(objectOf(value)).length > 0)
      fields[name] = mapped(objectOf(value), knownFields);
  }
  return fields;
};

/** A schema of the old form names few types, so every object keeps what it does not speak of. */
const withUnknownFields = (schema: JsonObject): JsonObject => {
  const { type = '' } = schema;
  const changed: MutableObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined) continue;
    if (name === 'properties') changed[name] = mapped(objectOf(value), withUnknownFields);
    else if (name === 'items' || name === 'additionalProperties')
      changed[name] = rewritten(value, withUnknownFields);
    else changed[name] = value;
  }
  if (type === '' || type === 'object') changed['x-kubernetes-preserve-unknown-fields'] = true;
  if (type === 'array' && changed['items'] === undefined)
    changed['items'] = { 'x-kubernetes-preserve-unknown-fields': true };
  return changed;
};

/** The schema of `spec.parameters`; `undefined`: constraints have no parameters. */
export const parametersSchema = (template: JsonObject): JsonObject | undefined => {
  const { validation } = crdFieldsOf(template);
  const { openAPIV3Schema: given } = objectOf(validation);
  const isLegacy = isLegacySchema(textOf(template['apiVersion']), validation);
  if (!isJsonObject(given) && !isLegacy) return undefined;
  const schema = knownFields(objectOf(given));
  return isLegacy ? withUnknownFields(schema) : schema;
};
