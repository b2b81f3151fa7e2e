import { SyntaxFault } from './token.ts';

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

interface Escape {
  readonly text: string;
  readonly end: number;
}

const unicodeEscape = (source: string, at: number): Escape => {
  const digits = source.slice(at + 2, at + 6);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxFault('illegal escape sequence', at);
  return { text: String.fromCharCode(Number.parseInt(digits, 16)), end: at + 6 };
};

/** The escape that begins with the backslash at `at`. In templates a brace may be escaped as well. */
export const escapeAt = (source: string, at: number, isTemplate: boolean): Escape => {
  const sign = source.charAt(at + 1);
  if (sign === 'u') return unicodeEscape(source, at);
  if (isTemplate && sign === '{') return { text: sign, end: at + 2 };
  const text = escapes.get(sign);
  if (text === undefined) throw new SyntaxFault('illegal escape sequence', at);
  return { text, end: at + 2 };
};

interface Quoted {
  readonly text: string;
  readonly end: number;
}

/** Where the part of a string that stands for itself ends. */
const endOfPlain = (source: string, start: number): number => {
  let at = start;
  for (; ; at += 1) {
    const unit = source.charCodeAt(at);
    // Also behind the end of the text, where it is NaN.
    if (unit === 0x22 || unit === 0x5c || !(unit >= 0x20 || unit === 0x09)) return at;
  }
};

/** A string in quotes. Unpaired surrogates become U+FFFD, as in every text of Go. */
export const quotedAt = (source: string, start: number): Quoted => {
  let text = '';
  let at = start + 1;
  for (;;) {
    const end = endOfPlain(source, at);
    text += source.slice(at, end);
    const character = source.charAt(end);
    if (character === '"') return { text: text.toWellFormed(), end: end + 1 };
    if (character === '' || character === '\n') throw new SyntaxFault('non-terminated string', start);
    if (character !== '\\') throw new SyntaxFault('illegal string character', end);
    const escape = escapeAt(source, end, false);
    text += escape.text;
    at = escape.end;
  }
};

/** A raw string in backquotes. */
export const rawAt = (source: string, start: number): Quoted => {
  const end = source.indexOf('`', start + 1);
  if (end < 0) throw new SyntaxFault('non-terminated string', start);
  return {
    text: source
      .slice(start + 1, end)
      .replaceAll('\r', '')
      .toWellFormed(),
    end: end + 1,
  };
};
