import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';

/** Deepest nesting that is read. */
const maxDepth = 64;
/** Most brackets, commas and colons of one document: 4 MiB of descriptors have about 250,000. */
const maxTokens = 400_000;

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
const colon = 0x3a;
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
  tokens: number;
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
  else if (code !== comma && code !== colon) return;
  scan.tokens++;
  scan.isKeyNext = (code === openBrace || code === comma) && scan.open.at(-1) !== undefined;
};

/**
 * Bounds what the parser would build, and finds a key that an object holds twice: of two readers one may take the
 * first value and one the last, so that we judge other content than the runtime runs.
 * Trusts nothing about the grammar; what is no JSON is left to the parser.
 */
const whyUnreadable = (text: string): string | undefined => {
  const scan: Scan = { text, at: 0, open: [], tokens: 0, isKeyNext: false };
  for (; scan.at < text.length; scan.at++) {
    const code = text.charCodeAt(scan.at);
    if (code !== quote) passMark(scan, code);
    else if (!passString(scan)) return 'it holds one key twice';
    if (scan.open.length > maxDepth) return `it is nested deeper than ${maxDepth} levels`;
    if (scan.tokens > maxTokens) return `it has more than ${maxTokens} brackets, commas and colons`;
  }
  return undefined;
};

/**
 * Reads a JSON object out of bytes of a stranger. Valid UTF-8 without a byte order mark, at most 64 levels deep, at most
 * 400,000 brackets, commas and colons, no key twice in one object. The caller bounds the length.
 * @returns why it cannot be read, in words that follow its name
 */
export const readJsonObject = (bytes: Uint8Array): Result<JsonObject, string> => {
  const text = decode(bytes);
  if (text === undefined) return fail('it is not valid UTF-8');
  const why = whyUnreadable(text);
  if (why !== undefined) return fail(why);
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? ok(value) : fail('it is not a JSON object');
  } catch {
    return fail('it is not JSON');
  }
};
