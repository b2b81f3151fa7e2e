import { createHash } from 'node:crypto';

/** Begins texts that are written as their UTF-16 in base64. */
const mark = '\u0001';
const isPlain = (text: string): boolean =>
  !text.includes('\u0000') && !text.startsWith(mark) && text.isWellFormed();

/**
 * A stranger's text as every database keeps it and gives it back: PostgreSQL takes no NUL, and neither keeps half a
 * surrogate pair (V18). Equal texts are stored equally, so that they are found.
 */
export const storedText = (text: string): string =>
  isPlain(text) ? text : mark + Buffer.from(text, 'utf16le').toString('base64');

export const fromStored = (stored: string): string =>
  stored.startsWith(mark) ? Buffer.from(stored.slice(mark.length), 'base64').toString('utf16le') : stored;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Entries of an index of PostgreSQL have at most 2,704 bytes. */
const maxKeyBytes = 1024;
/** A text by which rows are found: a long one by its hash. */
export const storedKey = (text: string): string => {
  const stored = storedText(text);
  return Buffer.byteLength(stored) <= maxKeyBytes ? stored : `${mark}#${sha256(text)}`;
};
