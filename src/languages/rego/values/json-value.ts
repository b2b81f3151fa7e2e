import type { JsonValue } from '../../../core/text/json/json.ts';
import { floatNumber } from './number.ts';
import { RegoObject, type RegoValue } from './value.ts';

/** What Go holds the numbers of a document as: `1e+06` is the text of a million as float64, `1000000` as int64. */
export type GoNumbers = 'float64' | 'int64';

/** A document as Rego sees it, each object of it when somebody looks into it. The document must not change. */
export const valueOfJson = (value: JsonValue, numbers: GoNumbers): RegoValue => {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value === 'number')
    return numbers === 'int64' && Number.isSafeInteger(value) ? value : floatNumber(value);
  if (Array.isArray(value)) return value.map((item: JsonValue) => valueOfJson(item, numbers));
  if (value === null || typeof value !== 'object') return value;
  return RegoObject.filledBy((object) => {
    for (const [key, item] of Object.entries(value))
      object.set(key.toWellFormed(), valueOfJson(item as JsonValue, numbers));
  });
};
