import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { setField, type MutableObject } from '../../../core/text/parsed-text.ts';
import { fieldSchema } from './structural-schema.ts';

/** A field that has a name of its own gets its default because it is missing, another one because it is `null`. */
const isDropped = (schema: JsonObject, key: string, one: JsonObject): boolean =>
  one['nullable'] !== true &&
  (Object.hasOwn(objectOf(schema['properties']), key) || (one['default'] ?? null) === null);

/**
 * A value without the fields that are `null` where the schema does not allow it, as the API server stores it: `match:` with
 * nothing behind it says nothing.
 */
export const withoutNulls = (schema: JsonObject, value: JsonValue): JsonValue => {
  if (Array.isArray(value)) {
    const { items } = schema;
    return isJsonObject(items) ? value.map((item: JsonValue) => withoutNulls(items, item)) : value;
  }
  if (!isJsonObject(value)) return value;
  const kept: MutableObject = {};
  for (const [key, given = null] of Object.entries(value)) {
    const one = fieldSchema(schema, key);
    if (!isJsonObject(one)) setField(kept, key, given);
    else if (given !== null || !isDropped(schema, key, one)) setField(kept, key, withoutNulls(one, given));
  }
  return kept;
};
