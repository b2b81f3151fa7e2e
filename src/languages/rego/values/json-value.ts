import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { floatNumber } from './number.ts';
import { RegoObject, type RegoValue } from './value.ts';

/** What Go holds the numbers of a document as: `1e+06` is the text of a million as float64, `1000000` as int64. */
export type GoNumbers = 'float64' | 'int64';

const documentValue = (value: JsonValue, numbers: GoNumbers, isRecorded: boolean): RegoValue => {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value === 'number')
    return numbers === 'int64' && Number.isSafeInteger(value) ? value : floatNumber(value);
  if (Array.isArray(value)) return value.map((item: JsonValue) => documentValue(item, numbers, isRecorded));
  if (value === null || typeof value !== 'object') return value;
  const object = value as JsonObject;
  const fill = (filled: RegoObject): void => {
    for (const [key, item] of Object.entries(object))
      filled.set(key.toWellFormed(), documentValue(item as JsonValue, numbers, isRecorded));
  };
  return RegoObject.filledBy(fill, isRecorded ? object : undefined);
};

/** A document as Rego sees it, each object of it when somebody looks into it. The document must not change. */
export const valueOfJson = (value: JsonValue, numbers: GoNumbers): RegoValue =>
  documentValue(value, numbers, false);

/** The same; what is read of its objects is recorded. */
export const recordedValueOfJson = (value: JsonObject, numbers: GoNumbers): RegoValue =>
  documentValue(value, numbers, true);
