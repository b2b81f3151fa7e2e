import type { Place, TextStart, ValueSource } from './parsed-text.ts';
import type { SourceEntry, SourceNode } from './source-node.ts';

const separators = ' \t\r\n,:';

const skipSeparators = (text: string, start: number): number => {
  let at = start;
  while (at < text.length && separators.includes(text.charAt(at))) at++;
  return at;
};

/** Behind the quote that closes the string which begins here. */
export const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

const endOfWord = (text: string, start: number): number => {
  let at = start;
  while (at < text.length && !`${separators}{}[]"`.includes(text.charAt(at))) at++;
  return at;
};

const endOfValue = (text: string, start: number): number => {
  if (text[start] === '"') return endOfString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return endOfWord(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return text.length;
};

const entryOf = (text: string, start: number, wanted: string): SourceEntry | undefined => {
  let at = skipSeparators(text, start + 1);
  while (text[at] === '"') {
    const key = { start: at, end: endOfString(text, at) };
    const value = skipSeparators(text, key.end);
    if (JSON.parse(text.slice(key.start, key.end)) === wanted) return { key, value: nodeOf(text, value) };
    at = skipSeparators(text, endOfValue(text, value));
  }
  return undefined;
};

const itemOf = (text: string, start: number, index: number): SourceNode | undefined => {
  let at = skipSeparators(text, start + 1);
  for (let left = index; left > 0 && text[at] !== ']'; left--)
    at = skipSeparators(text, endOfValue(text, at));
  return at >= text.length || text[at] === ']' ? undefined : nodeOf(text, at);
};

const nodeOf = (text: string, start: number): SourceNode => {
  const range = {
    start,
    get end(): number {
      return endOfValue(text, start);
    },
  };
  switch (text.charAt(start)) {
    case '{':
      return Object.assign(range, {
        kind: 'map' as const,
        flow: true,
        entry: (key: string) => entryOf(text, start, key),
      });
    case '[':
      return Object.assign(range, {
        kind: 'list' as const,
        item: (index: number) => itemOf(text, start, index),
      });
    case '"': {
      const end = endOfString(text, start);
      return { kind: 'text', value: JSON.parse(text.slice(start, end)) as string, start, end };
    }
    default:
      return { kind: 'other', start, end: endOfWord(text, start) };
  }
};

/** Looks no further than the place: a text of many objects may be one line. */
const placeFrom = (text: string, { offset, line, column }: TextStart, wanted: number): Place => {
  const between = text.slice(offset, wanted);
  let lines = 0;
  let lineStart = 1 - column;
  for (let at = between.indexOf('\n'); at >= 0; at = between.indexOf('\n', at + 1)) {
    lines++;
    lineStart = at + 1;
  }
  return { line: line + lines, column: wanted - offset - lineStart + 1 };
};

/** A value of a JSON text that was read before, so its nesting is bounded and it holds no error. */
export const jsonSource = (text: string, start: TextStart): ValueSource => ({
  node: nodeOf(text, start.offset),
  placeOf: (offset) => placeFrom(text, start, offset),
});
