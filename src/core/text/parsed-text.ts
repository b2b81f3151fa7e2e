import type { JsonValue } from './json/json.ts';
import type { SourceNode, SourceSteps } from './source-node.ts';

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

/**
 * Where the steps lead to in one value, or as far as they go: what is missing would stand in the last value that is
 * there. Each question goes on from what the ones before it have found.
 */
export type Places = (steps: SourceSteps) => Place;

/** One JSON value that was read out of a text. The items of `items` lists have a start of their own. */
export interface ParsedValue {
  readonly value: JsonValue;
  readonly start: TextStart;
  readonly itemStarts: ReadonlyMap<JsonValue, readonly TextStart[]>;
  /** @param value - itself or one of its items, and where that starts */
  readonly placesIn: (value: JsonValue, start: TextStart) => Places;
  /**
   * As it is written: reads the text again, so only for what is rewritten.
   * @param start - of the value itself or of one of its items
   */
  readonly sourceAt: (start: TextStart) => SourceNode;
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
