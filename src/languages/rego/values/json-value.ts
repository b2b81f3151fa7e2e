import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { floatNumber } from './number.ts';
import { RegoObject, type DocumentReading, type RegoValue } from './value.ts';

/** What Go holds the numbers of a document as: `1e+06` is the text of a million as float64, `1000000` as int64. */
export type GoNumbers = 'float64' | 'int64';

const readingOf = (numbers: GoNumbers, isRecorded: boolean): DocumentReading => {
  const valueOf = (value: JsonValue): RegoValue => {
    if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
    if (typeof value === 'number')
      return numbers === 'int64' && Number.isSafeInteger(value) ? value : floatNumber(value);
    if (Array.isArray(value)) return value.map((item: JsonValue) => valueOf(item));
    if (value === null || typeof value !== 'object') return value;
    return RegoObject.ofDocument(value as JsonObject, reading);
  };
  const reading: DocumentReading = { valueOf, isRecorded };
  return reading;
};

const readings: Readonly<Record<GoNumbers, DocumentReading>> = {
  float64: readingOf('float64', false),
  int64: readingOf('int64', false),
};
const recorded = readingOf('float64', true);

/** A document as Rego sees it, each part of it when somebody looks at it. The document must not change. */
export const valueOfJson = (value: JsonValue, numbers: GoNumbers): RegoValue =>
  readings[numbers].valueOf(value);

/** The same, its numbers as float64; what is read of its objects is recorded. */
export const recordedValueOfJson = (value: JsonObject): RegoValue => recorded.valueOf(value);
