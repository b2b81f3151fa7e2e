import type { JsonObject, JsonValue } from '../../src/core/text/json/json.ts';
import { fieldSegments } from '../../src/core/workload/field-path.ts';

/** An object that holds `value` at the path of a row: lists have one item, maps the key `Key`. */
export const objectAt = (path: string, value: JsonValue): JsonObject =>
  fieldSegments(path).reduceRight<JsonValue>(
    (inner, { key = 'Key', lists }) => ({
      [key]: Array.from({ length: lists }).reduce<JsonValue>((item) => [item], inner),
    }),
    value,
  ) as JsonObject;
