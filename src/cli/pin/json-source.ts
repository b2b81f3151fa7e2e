import { other } from './source-node.ts';
import type { SourceNode } from './source-node.ts';

interface Cursor {
  readonly text: string;
  at: number;
}

const separators = ' \t\r\n,:';
const brackets = '{}[]';

/** Behind the quote that closes the string which begins here. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

const endOfWord = (text: string, start: number): number => {
  if (text[start] === '"') return endOfString(text, start);
  if (brackets.includes(text.charAt(start))) return start + 1;
  let at = start;
  while (at < text.length && !`${separators}${brackets}"`.includes(text.charAt(at))) at++;
  return at;
};

/** The next string, bracket, number or word; commas and colons mean nothing where the text is known to be JSON. */
const next = (cursor: Cursor): { readonly word: string; readonly start: number } | undefined => {
  const { text } = cursor;
  let start = cursor.at;
  while (start < text.length && separators.includes(text.charAt(start))) start++;
  if (start >= text.length) return undefined;
  cursor.at = endOfWord(text, start);
  return { word: text.slice(start, cursor.at), start };
};

const unescape = (word: string): string | undefined => {
  try {
    return JSON.parse(word) as string;
  } catch {
    return undefined;
  }
};

/** Everything up to the bracket that closes what was opened. */
const readUntil = (cursor: Cursor, close: string): readonly SourceNode[] => {
  const nodes: SourceNode[] = [];
  for (let found = next(cursor); found !== undefined && found.word !== close; found = next(cursor)) {
    nodes.push(nodeOf(cursor, found.word, found.start));
  }
  return nodes;
};

const mapOf = (parts: readonly SourceNode[]): SourceNode => {
  const fields = new Map<string, SourceNode>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [key, value] = [parts[at], parts[at + 1]];
    if (key?.kind === 'text' && value !== undefined) fields.set(key.value, value);
  }
  return { kind: 'map', get: (key) => fields.get(key) };
};

const nodeOf = (cursor: Cursor, word: string, start: number): SourceNode => {
  if (word === '{') return mapOf(readUntil(cursor, '}'));
  if (word === '[') return { kind: 'list', items: readUntil(cursor, ']') };
  if (!word.startsWith('"')) return other;
  const value = unescape(word);
  return value === undefined ? other : { kind: 'text', value, start, end: start + word.length };
};

/**
 * The values of a JSON text that was read before, so its nesting is bounded and it holds no error. What is no JSON
 * becomes values without objects.
 */
export const readJsonSource = (text: string): readonly SourceNode[] => {
  const cursor: Cursor = { text, at: 0 };
  const values: SourceNode[] = [];
  for (let found = next(cursor); found !== undefined; found = next(cursor)) {
    values.push(nodeOf(cursor, found.word, found.start));
  }
  return values;
};
