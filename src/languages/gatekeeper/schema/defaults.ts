import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { setField, type MutableObject } from '../../../core/text/parsed-text.ts';

const defaultOf = (schema: JsonObject): JsonValue | undefined => schema['default'];

const withProperties = (schema: JsonObject, value: JsonObject): JsonObject => {
  const properties = objectOf(schema['properties']);
  const others = schema['additionalProperties'];
  const filled: MutableObject = {};
  for (const [key, given] of Object.entries(value)) {
    const one = Object.hasOwn(properties, key) ? properties[key] : others;
    setField(filled, key, isJsonObject(one) ? (withDefaults(one, given) ?? null) : (given ?? null));
  }
  for (const [key, one] of Object.entries(properties)) {
    const added = Object.hasOwn(value, key) ? undefined : withDefaults(objectOf(one), undefined);
    if (added !== undefined) setField(filled, key, added);
  }
  return filled;
};

/** A value with the defaults of its schema, as the API server adds them; `undefined`: it is not there. */
export const withDefaults = (schema: JsonObject, value: JsonValue | undefined): JsonValue | undefined => {
  const isMissing = value === undefined || (value === null && schema['nullable'] !== true);
  const given = isMissing ? (defaultOf(schema) ?? value) : value;
  if (Array.isArray(given) && isJsonObject(schema['items'])) {
    const { items } = schema;
    return given.map((item: JsonValue) => withDefaults(objectOf(items), item) ?? null);
  }
  return isJsonObject(given) ? withProperties(schema, given) : given;
};
