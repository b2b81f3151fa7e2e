import type { SourceText } from '../../core/text/source-node.ts';

/** A part of a text and its replacement. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The mark at the start of the text, if it has one: offsets of a manifest count from behind it. */
export const byteOrderMarkOf = (text: string): string => (text.startsWith('\uFEFF') ? '\uFEFF' : '');

/** Writes a new value into the quotes or behind the block header of the old one. Escapes are written out. */
export const replaceText = (text: string, { start, end, value }: SourceText, now: string): TextEdit => {
  const source = text.slice(start, end);
  const at = value === '' ? -1 : source.lastIndexOf(value);
  if (at >= 0) return { start: start + at, end: start + at + value.length, text: now };
  const quote = source.startsWith("'") ? "'" : '"';
  return { start, end, text: `${quote}${now}${quote}` };
};

/** The text with all of them applied; of two that overlap the first counts. */
export const applyEdits = (text: string, edits: readonly TextEdit[]): string => {
  let result = '';
  let done = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    if (edit.start < done) continue;
    result += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return result + text.slice(done);
};
