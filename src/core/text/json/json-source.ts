import type { TextStart } from '../parsed-text.ts';
import type { SourceEntry, SourceNode, SourceRange } from '../source-node.ts';

const quote = 0x22;
const backslash = 0x5c;

/** White space, `,` and `:`. The text was read before, so they stand where they may. */
const isSeparator = (unit: number): boolean =>
  unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d || unit === 0x2c || unit === 0x3a;
const opens = (unit: number): boolean => unit === 0x7b || unit === 0x5b;
const closes = (unit: number): boolean => unit === 0x7d || unit === 0x5d;

export const skipSeparators = (text: string, start: number): number => {
  let at = start;
  while (at < text.length && isSeparator(text.charCodeAt(at))) at++;
  return at;
};

/** Behind the quote that closes the string which begins here. */
export const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at + 1;
};

const endsWord = (unit: number): boolean =>
  isSeparator(unit) || opens(unit) || closes(unit) || unit === quote;

const endOfWord = (text: string, start: number): number => {
  let at = start;
  while (at < text.length && !endsWord(text.charCodeAt(at))) at++;
  return at;
};

const endOfValue = (text: string, start: number): number => {
  const first = text.charCodeAt(start);
  if (first === quote) return endOfString(text, start);
  if (!opens(first)) return endOfWord(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = endOfString(text, at) - 1;
    else if (opens(unit)) depth++;
    else if (closes(unit) && --depth === 0) return at + 1;
  }
  return text.length;
};

/**
 * The values of a list or map in their order, each skipped at most once: many findings of one object ask for places
 * that lie beside each other.
 * @returns where the value begins that stands behind those returned before; undefined behind the last
 */
export const valuesOf = (
  text: string,
  start: number,
  valueAt: (at: number) => number,
): (() => number | undefined) => {
  let last: number | undefined;
  return () => {
    const at = skipSeparators(text, last === undefined ? start + 1 : endOfValue(text, last));
    if (at >= text.length || closes(text.charCodeAt(at))) return undefined;
    last = valueAt(at);
    return last;
  };
};

/** What a key says. */
export const keyTextOf = (text: string, { start, end }: SourceRange): string => {
  const plain = text.slice(start + 1, end - 1);
  return plain.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : plain;
};

const entriesOf = (text: string, start: number): ((key: string) => SourceEntry | undefined) => {
  const passed = new Map<string, { readonly key: SourceRange; readonly at: number }>();
  const read = new Map<string, SourceEntry>();
  let key: SourceRange = { start, end: start };
  const next = valuesOf(text, start, (at) => {
    key = { start: at, end: endOfString(text, at) };
    return skipSeparators(text, key.end);
  });
  const find = (wanted: string): { readonly key: SourceRange; readonly at: number } | undefined => {
    const known = passed.get(wanted);
    if (known !== undefined) return known;
    for (let at = next(); at !== undefined; at = next()) {
      const name = keyTextOf(text, key);
      const place = { key, at };
      if (!passed.has(name)) passed.set(name, place);
      if (name === wanted) return place;
    }
    return undefined;
  };
  return (wanted) => {
    const known = read.get(wanted);
    if (known !== undefined) return known;
    const place = find(wanted);
    if (place === undefined) return undefined;
    const entry = { key: place.key, value: nodeOf(text, place.at) };
    read.set(wanted, entry);
    return entry;
  };
};

const itemsOf = (text: string, start: number): ((index: number) => SourceNode | undefined) => {
  const read: SourceNode[] = [];
  const next = valuesOf(text, start, (at) => at);
  return (index) => {
    while (read.length <= index) {
      const value = next();
      if (value === undefined) return undefined;
      read.push(nodeOf(text, value));
    }
    return read[index];
  };
};

const nodeOf = (text: string, start: number): SourceNode => {
  switch (text.charAt(start)) {
    case '{':
      return {
        kind: 'map',
        flow: true,
        start,
        get end() {
          return endOfValue(text, start);
        },
        entry: entriesOf(text, start),
      };
    case '[':
      return {
        kind: 'list',
        start,
        get end() {
          return endOfValue(text, start);
        },
        item: itemsOf(text, start),
      };
    case '"': {
      const end = endOfString(text, start);
      return { kind: 'text', value: JSON.parse(text.slice(start, end)) as string, start, end };
    }
    default:
      return { kind: 'other', start, end: endOfWord(text, start) };
  }
};

/** A value of a JSON text that was read before, so its nesting is bounded and it holds no error. */
export const jsonSource = (text: string, { offset }: TextStart): SourceNode => nodeOf(text, offset);
