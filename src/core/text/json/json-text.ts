import type { JsonValue } from './json.ts';
import { fail, ok, type Result } from '../../result.ts';
import { jsonPlaces } from './json-places.ts';
import { jsonSource } from './json-source.ts';
import {
  setField,
  type MutableObject,
  type ParsedValue,
  type TextProblem,
  type TextStart,
} from '../parsed-text.ts';
import { maxYamlDepth, nestedTooDeep } from '../yaml/limits.ts';

/** How much of a text is read; absent: as much as there is. A key that an object holds twice is refused unless it may be. */
interface JsonBounds {
  readonly depth: number;
  readonly values?: number;
  readonly escapes?: number;
  /** The last one counts, as it does for `JSON.parse`. */
  readonly mayRepeat?: boolean;
  /** A number that no double holds is infinite, as it is for `JSON.parse`. */
  readonly mayOverflow?: boolean;
}
export type JsonFault = 'syntax' | 'repeated key' | 'depth' | 'values' | 'escapes';
export interface JsonProblem extends TextProblem {
  readonly fault: JsonFault;
}

/**
 * Reads JSON with what `JSON.parse` does not tell: duplicate keys (readers disagree on which one counts), nesting,
 * line numbers, and several values in one text, as kubectl takes them. It stops where a bound is passed, before what
 * lies behind it costs memory.
 */
interface Cursor {
  readonly text: string;
  readonly bounds: JsonBounds;
  values: number;
  escapes: number;
  at: number;
  line: number;
  lineStart: number;
  problem: JsonProblem | undefined;
  /** The keys so far, by a hash of their text. */
  readonly keys: (string | undefined)[];
  itemStarts: Map<JsonValue, readonly TextStart[]>;
}

const numberPattern = /-?(?:0|[1-9]\d{0,4095})(?:\.\d{1,4096})?(?:[eE][+-]?\d{1,4096})?/y;
const quote = 0x22;
const backslash = 0x5c;

const startOf = ({ at, line, lineStart }: Cursor): TextStart => ({
  offset: at,
  line,
  column: at - lineStart + 1,
});

const refuse = (cursor: Cursor, why: string, fault: JsonFault = 'syntax'): undefined => {
  const { line, column } = startOf(cursor);
  cursor.problem ??= { line, column, why, fault };
  return undefined;
};

/** Each value begins behind a bracket or a comma: @returns false when there are more than may be */
const countValue = (cursor: Cursor): boolean => {
  const { values = Infinity } = cursor.bounds;
  if (++cursor.values <= values) return true;
  refuse(cursor, 'more values than are read', 'values');
  return false;
};

const skipSpace = (cursor: Cursor): void => {
  for (; ; cursor.at += 1) {
    const char = cursor.text.charCodeAt(cursor.at);
    if (char === 0x0a) {
      cursor.line += 1;
      cursor.lineStart = cursor.at + 1;
    } else if (char !== 0x20 && char !== 0x09 && char !== 0x0d) {
      return;
    }
  }
};

const unescape = (literal: string): string | undefined => {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
};

const readString = (cursor: Cursor): string | undefined => {
  const start = cursor.at;
  const { escapes: mostEscapes = Infinity } = cursor.bounds;
  let escaped = false;
  for (let at = start + 1; at < cursor.text.length; at += 1) {
    const char = cursor.text.charCodeAt(at);
    if (char === backslash) {
      escaped = true;
      at += 1;
      if (++cursor.escapes > mostEscapes) return refuse(cursor, 'more escapes than are read', 'escapes');
    } else if (char === quote) {
      const plain = escaped ? unescape(cursor.text.slice(start, at + 1)) : cursor.text.slice(start + 1, at);
      if (plain === undefined) return refuse(cursor, 'a string has an escape that JSON does not know');
      cursor.at = at + 1;
      return plain;
    } else if (char < 0x20) {
      return refuse(cursor, 'a string holds a control character');
    }
  }
  return refuse(cursor, 'a string is not closed');
};

const keysKept = 1024;
const maxKeptKeyLength = 64;

/**
 * Objects of one kind have the same keys, so the reader returns the text of an earlier key where it is equal. The engine
 * would hash and look up each new text, which takes longer than the comparison.
 */
const readKeyText = (cursor: Cursor): string | undefined => {
  const { text, keys } = cursor;
  const start = cursor.at + 1;
  let hash = 0;
  let at = start;
  for (; at < start + maxKeptKeyLength; at += 1) {
    const char = text.charCodeAt(at);
    if (char === quote) break;
    // Also behind the end of the text, where it is NaN.
    if (char === backslash || !(char >= 0x20)) return readString(cursor);
    hash = (hash * 31 + char) | 0;
  }
  if (text.charCodeAt(at) !== quote) return readString(cursor);
  cursor.at = at + 1;
  const slot = hash & (keysKept - 1);
  const kept = keys[slot];
  if (kept?.length === at - start && text.startsWith(kept, start)) return kept;
  const key = text.slice(start, at);
  keys[slot] = key;
  return key;
};

const words: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

const readAtom = (cursor: Cursor): JsonValue | undefined => {
  numberPattern.lastIndex = cursor.at;
  const literal = numberPattern.exec(cursor.text)?.[0];
  if (literal !== undefined) {
    const value = Number(literal);
    if (!Number.isFinite(value) && cursor.bounds.mayOverflow !== true)
      return refuse(cursor, 'a number is too large');
    cursor.at += literal.length;
    return value;
  }
  for (const [word, value] of words) {
    if (cursor.text.startsWith(word, cursor.at)) {
      cursor.at += word.length;
      return value;
    }
  }
  return refuse(cursor, cursor.at >= cursor.text.length ? 'the text ends early' : 'this is not JSON');
};

/** After an element: true when another follows, false when the list or object is closed. */
const another = (cursor: Cursor, close: string): boolean | undefined => {
  skipSpace(cursor);
  const char = cursor.text[cursor.at];
  if (char !== ',' && char !== close) return refuse(cursor, `"," or "${close}" expected`);
  cursor.at += 1;
  if (char !== ',') return false;
  skipSpace(cursor);
  return countValue(cursor) || undefined;
};

const opensEmpty = (cursor: Cursor, close: string): boolean => {
  cursor.at += 1;
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== close) return false;
  cursor.at += 1;
  return true;
};

const readList = (cursor: Cursor, depth: number, marked: boolean): JsonValue | undefined => {
  const list: JsonValue[] = [];
  const starts: TextStart[] = [];
  if (opensEmpty(cursor, ']')) return list;
  for (let more: boolean | undefined = true; more; more = another(cursor, ']')) {
    if (marked) starts.push(startOf(cursor));
    const item = readValue(cursor, depth + 1, false);
    if (item === undefined) return undefined;
    list.push(item);
  }
  if (marked) cursor.itemStarts.set(list, starts);
  return cursor.problem === undefined ? list : undefined;
};

const readKey = (cursor: Cursor, object: MutableObject): string | undefined => {
  if (cursor.text.charCodeAt(cursor.at) !== quote) return refuse(cursor, 'a key in double quotes expected');
  const { at } = cursor;
  const key = readKeyText(cursor);
  if (key === undefined) return undefined;
  if (cursor.bounds.mayRepeat !== true && Object.hasOwn(object, key)) {
    cursor.at = at;
    return refuse(cursor, `the key ${JSON.stringify(key)} is there twice`, 'repeated key');
  }
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== ':') return refuse(cursor, '":" expected');
  cursor.at += 1;
  skipSpace(cursor);
  return key;
};

const readObject = (cursor: Cursor, depth: number): JsonValue | undefined => {
  const object: MutableObject = {};
  if (opensEmpty(cursor, '}')) return object;
  for (let more: boolean | undefined = true; more; more = another(cursor, '}')) {
    const key = readKey(cursor, object);
    if (key === undefined) return undefined;
    const value = readValue(cursor, depth + 1, key === 'items');
    if (value === undefined) return undefined;
    setField(object, key, value);
  }
  return cursor.problem === undefined ? object : undefined;
};

const readValue = (cursor: Cursor, depth: number, marked: boolean): JsonValue | undefined => {
  if (depth > cursor.bounds.depth) return refuse(cursor, nestedTooDeep, 'depth');
  switch (cursor.text.charAt(cursor.at)) {
    case '{':
      return countValue(cursor) ? readObject(cursor, depth) : undefined;
    case '[':
      return countValue(cursor) ? readList(cursor, depth, marked) : undefined;
    case '"':
      return readString(cursor);
    default:
      return readAtom(cursor);
  }
};

const cursorAt = (text: string, bounds: JsonBounds): Cursor => ({
  text,
  bounds,
  values: 0,
  escapes: 0,
  at: 0,
  line: 1,
  lineStart: 0,
  problem: undefined,
  keys: [],
  itemStarts: new Map(),
});

/** Reads the one JSON value of a text. */
export const readJsonValue = (text: string, bounds: JsonBounds): Result<JsonValue, JsonProblem> => {
  const cursor = cursorAt(text, bounds);
  skipSpace(cursor);
  const value = readValue(cursor, 1, false);
  skipSpace(cursor);
  if (cursor.at < text.length) refuse(cursor, 'the text goes on behind its end');
  return cursor.problem !== undefined || value === undefined
    ? fail(cursor.problem ?? { ...startOf(cursor), why: 'this is not JSON', fault: 'syntax' })
    : ok(value);
};

/** Reads every JSON value of a text: one, or several one after another with or without white space between. */
export const readJsonText = (text: string): Result<readonly ParsedValue[], TextProblem> => {
  const cursor = cursorAt(text, { depth: maxYamlDepth });
  const values: ParsedValue[] = [];
  const placesIn: ParsedValue['placesIn'] = (_value, start) => jsonPlaces(text, start);
  const sourceAt: ParsedValue['sourceAt'] = (start) => jsonSource(text, start);
  for (skipSpace(cursor); cursor.at < text.length; skipSpace(cursor)) {
    cursor.itemStarts = new Map();
    const { itemStarts } = cursor;
    const start = startOf(cursor);
    const value = readValue(cursor, 1, false);
    if (cursor.problem !== undefined) return fail(cursor.problem);
    if (value !== undefined) values.push({ value, start, itemStarts, placesIn, sourceAt });
  }
  return ok(values);
};
