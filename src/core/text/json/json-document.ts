import { isJsonObject, type JsonObject } from './json.ts';
import { ok, type Result } from '../../result.ts';
import { invalid, tooMuch, type Unreadable } from '../unreadable.ts';

const mostDepth = 64;
/**
 * Reading must not hold up other reviews, and 4 MiB of brackets must not become 200 MiB of objects (B9). 2,000 layers
 * with four annotations each have 20,000 values, and nobody writes a tenth of the escapes.
 */
const mostValues = 30_000;
/** Keys and texts that so many values can have. */
const mostStrings = 2 * mostValues;
const mostEscapes = 100_000;

/** Of the web platform: the one part of it that reading bytes needs, and pure. */
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
/** Everything else is passed over without being looked at one by one. */
const marks = /["{}[\],]/g;

const keyOf = (text: string, from: number, to: number): string => {
  const raw = text.slice(from, to);
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
};

/** Where the scan stands. */
interface Scan {
  readonly text: string;
  at: number;
  /** Where the next backslash is, or the length; behind `at` when it has to be looked for. */
  slash: number;
  /** The keys of each open object so far; undefined for an array. */
  readonly open: (Set<string> | undefined)[];
  values: number;
  strings: number;
  escapes: number;
  isKeyNext: boolean;
}

const placeOf = (text: string, what: string, from: number): number => {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
};

/** Index of the quote that ends the string whose first character is at `from`; the length when none does. */
const endOfString = (scan: Scan, from: number): number => {
  const { text } = scan;
  let end = placeOf(text, '"', from);
  if (scan.slash < from) scan.slash = placeOf(text, '\\', from);
  while (scan.slash < end && scan.escapes <= mostEscapes) {
    scan.escapes++;
    // Whatever stands behind a backslash ends nothing.
    const next = scan.slash + 2;
    scan.slash = placeOf(text, '\\', next);
    if (end < next) end = placeOf(text, '"', next);
  }
  return end;
};

/** @returns false when the object has this key already */
const passString = (scan: Scan): boolean => {
  scan.strings++;
  const end = endOfString(scan, scan.at + 1);
  const keys = scan.isKeyNext ? scan.open.at(-1) : undefined;
  const key = keys === undefined ? '' : keyOf(scan.text, scan.at + 1, end);
  scan.isKeyNext = false;
  scan.at = end;
  if (keys?.has(key) === true) return false;
  keys?.add(key);
  return true;
};

const passMark = (scan: Scan, code: number): void => {
  const opens = code === openBrace || code === openBracket;
  if (opens) scan.open.push(code === openBrace ? new Set() : undefined);
  else if (code === closeBrace || code === closeBracket) scan.open.pop();
  else if (code !== comma) return;
  if (opens || code === comma) scan.values++;
  scan.isKeyNext = (code === openBrace || code === comma) && scan.open.at(-1) !== undefined;
};

/**
 * What the parser would hide: a key that an object holds twice, of which JSON.parse takes the last while Go, in which
 * the runtimes are written, mixes both; and depth and number, before they cost memory. Trusts nothing about the
 * grammar; what is no JSON is left to the parser.
 */
const problemOf = (text: string, mayRepeat = false): ReturnType<typeof invalid> | undefined => {
  const scan: Scan = {
    text,
    at: 0,
    slash: -1,
    open: [],
    values: 0,
    strings: 0,
    escapes: 0,
    isKeyNext: false,
  };
  for (marks.lastIndex = 0; marks.test(text); marks.lastIndex = scan.at + 1) {
    scan.at = marks.lastIndex - 1;
    const code = text.charCodeAt(scan.at);
    if (code !== quote) passMark(scan, code);
    else if (!passString(scan) && !mayRepeat)
      return invalid('it holds one key twice, which runtimes and we would read differently');
    if (scan.open.length > mostDepth) return tooMuch(`it is nested deeper than ${mostDepth} levels`);
    if (scan.values > mostValues || scan.strings > mostStrings)
      return tooMuch(`it holds more than ${mostValues} values`);
    if (scan.escapes > mostEscapes) return tooMuch(`it holds more than ${mostEscapes} escapes`);
    // More is closed than was opened: the parser says so at once, and reading on could take long.
    if (scan.open.length === 0) return undefined;
  }
  return undefined;
};

/**
 * Why a text holds more than is parsed, for texts of strangers that no runtime reads: of a key that stands there twice the
 * last one counts, as Go has it.
 */
export const whyTooMuch = (text: string): string | undefined => problemOf(text, true)?.error.why;

/**
 * Reads a JSON object out of bytes of a stranger as the container runtimes would read it, or not at all: valid UTF-8
 * without a byte order mark, at most 64 levels, 30,000 values and 100,000 escapes, no key twice in one object. The
 * caller bounds the length. Never throws.
 */
export const readJsonObject = (bytes: Uint8Array): Result<JsonObject, Unreadable> => {
  const text = decode(bytes);
  if (text === undefined) return invalid('it is not valid UTF-8');
  const problem = problemOf(text);
  if (problem !== undefined) return problem;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? ok(value) : invalid('it is not a JSON object');
  } catch {
    return invalid('it is not JSON');
  }
};
