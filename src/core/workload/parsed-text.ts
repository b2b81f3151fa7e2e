import type { JsonValue } from '../json.ts';

/** Why a text could not be read; `line` and `column` are 1-based. `why` may hold text of the input. */
export interface TextProblem {
  readonly line: number;
  readonly column: number;
  readonly why: string;
}

/** One JSON value that was read out of a text, with the lines of the objects that stand in an `items` list. */
export interface ParsedValue {
  readonly value: JsonValue;
  readonly line: number;
  readonly lineOf: ReadonlyMap<JsonValue, number>;
}

/** Sets an own field even when it is called `__proto__`, which an assignment would turn into the prototype. */
export const setField = (object: Record<string, JsonValue>, key: string, value: JsonValue): void => {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
};

export type MutableObject = Record<string, JsonValue>;
