import type { JsonValue } from './json/json.ts';
import type { SourceNode } from './source-node.ts';

/** Where something stands in a file; both numbers count from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Why a text could not be read. `why` may hold text of the input. */
export interface TextProblem extends Place {
  readonly why: string;
}

/** Where a value begins; `offset` counts UTF-16 units of the whole text. */
export interface TextStart extends Place {
  readonly offset: number;
}

/** A value as it is written, with a way from offsets of the text to places. */
export interface ValueSource {
  readonly node: SourceNode;
  readonly placeOf: (offset: number) => Place;
}

/**
 * One JSON value that was read out of a text. Of what lies in it only the items of `items` lists have a start of their
 * own; every other place is looked for in the text again when somebody asks (`sourceAt`), which few objects need.
 */
export interface ParsedValue {
  readonly value: JsonValue;
  readonly start: TextStart;
  readonly itemStarts: ReadonlyMap<JsonValue, readonly TextStart[]>;
  /** @param start - of the value itself or of one of its items */
  readonly sourceAt: (start: TextStart) => ValueSource;
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
