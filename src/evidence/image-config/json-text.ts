import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';

/** Why bytes of a registry could not be read. `limit`: they hold more than is looked at. */
export interface Unreadable {
  readonly kind: 'invalid' | 'limit';
  readonly why: string;
}

export const invalid = (why: string): { readonly ok: false; readonly error: Unreadable } =>
  fail({ kind: 'invalid', why });
export const tooMuch = (why: string): { readonly ok: false; readonly error: Unreadable } =>
  fail({ kind: 'limit', why });

/** Far above real manifests and configs, and low enough that 4 MiB of brackets do not become 200 MiB of objects. */
const mostDepth = 32;
const mostValues = 100_000;

// A byte order mark stays and is refused, as the runtimes do.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);
const brace = 0x7b;

/** Index of the quote that ends the string that begins at `start`. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === quote) return at;
  }
  return text.length;
};

/** A name is compared as it is meant: `"\u0055ser"` is `"User"`. Broken escapes are left to the parser. */
const nameOf = (literal: string): string => {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
};

const sawTwice = (names: Set<string>, name: string): boolean => {
  const before = names.size;
  return names.add(name).size === before;
};

/**
 * What the parser would hide: a name that stands twice in one object, of which JSON.parse takes the last while Go, in
 * which the runtimes are written, mixes both; and depth and number, before they cost memory.
 */
const scan = (text: string): Unreadable | undefined => {
  const open: (Set<string> | undefined)[] = [];
  let nameIsNext = false;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (nameIsNext && names !== undefined && sawTwice(names, nameOf(text.slice(at, end + 1)))) {
        return {
          kind: 'invalid',
          why: 'a field stands twice in it, which runtimes and we would read differently',
        };
      }
      nameIsNext = false;
      at = end;
    } else if (openings.has(code)) {
      open.push(code === brace ? new Set() : undefined);
      nameIsNext = code === brace;
      values++;
    } else if (closings.has(code)) open.pop();
    else if (code === comma) {
      nameIsNext = open.at(-1) !== undefined;
      values++;
    }
    if (open.length > mostDepth)
      return { kind: 'limit', why: `it is nested deeper than ${mostDepth} levels` };
    if (values > mostValues) return { kind: 'limit', why: `it holds more than ${mostValues} values` };
  }
  return undefined;
};

/** Reads a JSON object as the container runtimes would read it, or not at all. Never throws. */
export const readJsonObject = (bytes: Uint8Array): Result<JsonObject, Unreadable> => {
  try {
    const text = utf8.decode(bytes);
    const problem = scan(text);
    if (problem !== undefined) return fail(problem);
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? ok(value) : invalid('it is not a JSON object');
  } catch {
    return invalid('it is not JSON in UTF-8');
  }
};

/** encoding/json folds case as Unicode does: the long s and the Kelvin sign are an s and a k. */
const fold = (name: string): string => name.toUpperCase().toLowerCase();

/** Names that are read from an object, and how a case-blind reader sees them. */
export interface FieldNames {
  readonly exact: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}
export const fieldNames = (...names: readonly string[]): FieldNames => ({
  exact: new Set(names),
  folded: new Set(names.map(fold)),
});

/**
 * A field that runtimes read and we would not: Go takes `user` for `User`, so that `{"User":"1000","user":"0"}` would
 * pass as not root and run as root.
 */
export const foreignSpelling = (object: JsonObject, names: FieldNames): string | undefined =>
  Object.keys(object).find((name) => !names.exact.has(name) && names.folded.has(fold(name)));

/** A text, `undefined` when it is absent or null, which Go reads alike; `false` when it is something else. */
export const optionalText = (value: JsonValue | undefined): string | undefined | false => {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : false;
};
