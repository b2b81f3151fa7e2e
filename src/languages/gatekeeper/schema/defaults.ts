import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { setField, type MutableObject } from '../../../core/text/parsed-text.ts';
import { fieldSchema } from './structural-schema.ts';

const withProperties = (schema: JsonObject, value: JsonObject): JsonObject => {
  const filled: MutableObject = {};
  for (const [key, given] of Object.entries(value)) {
    const one = fieldSchema(schema, key);
    setField(filled, key, isJsonObject(one) ? (withDefaults(one, given) ?? null) : (given ?? null));
  }
  for (const [key, one] of Object.entries(objectOf(schema['properties']))) {
    const added = Object.hasOwn(value, key) ? undefined : withDefaults(objectOf(one), undefined);
    if (added !== undefined) setField(filled, key, added);
  }
  return filled;
};

/** A value with the defaults of its schema, as the API server adds them; `undefined`: it is not there. */
export const withDefaults = (schema: JsonObject, value: JsonValue | undefined): JsonValue | undefined => {
  const isMissing = value === undefined || (value === null && schema['nullable'] !== true);
  const given = isMissing ? (schema['default'] ?? value) : value;
  if (Array.isArray(given) && isJsonObject(schema['items'])) {
    const { items } = schema;
    return given.map((item: JsonValue) => withDefaults(objectOf(items), item) ?? null);
  }
  return isJsonObject(given) ? withProperties(schema, given) : given;
};
