import { isJsonObject, type JsonObject } from '../core/json.ts';
import { ok, type Result } from '../core/result.ts';
import { invalid, tooMuch, type Unreadable } from './unreadable.ts';

const mostDepth = 64;
/** 4 MiB of descriptors hold about 130,000; 4 MiB of brackets must not become 200 MiB of objects (B9). */
const mostValues = 200_000;

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
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** A quote behind an odd number of backslashes does not end its string. */
const isEscaped = (text: string, from: number, at: number): boolean => {
  let slashes = 0;
  while (at - slashes > from && text.charCodeAt(at - slashes - 1) === backslash) slashes++;
  return slashes % 2 === 1;
};

/** Index of the quote that ends the string whose first character is at `from`; the length when none does. */
const endOfString = (text: string, from: number): number => {
  let at = text.indexOf('"', from);
  while (at >= 0 && isEscaped(text, from, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
};

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
  /** The keys of each open object so far; undefined for an array. */
  readonly open: (Set<string> | undefined)[];
  values: number;
  isKeyNext: boolean;
}

/** @returns false when the object has this key already */
const passString = (scan: Scan): boolean => {
  const end = endOfString(scan.text, scan.at + 1);
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
const problemOf = (text: string): ReturnType<typeof invalid> | undefined => {
  const scan: Scan = { text, at: 0, open: [], values: 0, isKeyNext: false };
  for (; scan.at < text.length; scan.at++) {
    const code = text.charCodeAt(scan.at);
    if (code !== quote) passMark(scan, code);
    else if (!passString(scan))
      return invalid('it holds one key twice, which runtimes and we would read differently');
    if (scan.open.length > mostDepth) return tooMuch(`it is nested deeper than ${mostDepth} levels`);
    if (scan.values > mostValues) return tooMuch(`it holds more than ${mostValues} values`);
  }
  return undefined;
};

/**
 * Reads a JSON object out of bytes of a stranger as the container runtimes would read it, or not at all: valid UTF-8
 * without a byte order mark, at most 64 levels and 200,000 values, no key twice in one object. The caller bounds the
 * length. Never throws.
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
