import { isUtf8 } from 'node:buffer';
import { atOnce, type Steps } from '../../../core/steps.ts';

/** Deepest nesting of objects and arrays that is parsed (R19). */
export const maxJsonDepth = 200;
/** Most keys and values that one body may hold (R19): the parser pays for each with memory and time. */
export const maxTokens = 500_000;

export type ScanFault = 'invalid-utf8' | 'too-deep' | 'too-many-tokens';

export const quotationMark = 0x22;
const backslash = 0x5c;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
export const braceBit = 0x20;
export const open = 0x7b;
export const close = 0x7d;
export const comma = 0x2c;
const colon = 0x3a;

const openersBetween = (bytes: Uint8Array, from: number, to: number): number => {
  let count = 0;
  for (let at = from; at < to; at++) if (((bytes[at] as number) | braceBit) === open) count++;
  return count;
};
/** Shorter than this there may be no aligned word inside, and a view that begins elsewhere cannot be made. */
const shortest = 8;

/**
 * Counts `[` and `{`, inside strings too: an upper bound of the depth at a sixth of the price of following
 * strings (2 µs for 7 KB). Reads four bytes at a time; each lane of `lanes` counts one of them, and is
 * emptied before it can overflow. Byte by byte a review of 7 KB costs 155 µs of CPU instead of 137
 * (`npm run bench -- --only reviews`, interleaved).
 */
const countOpeners = (bytes: Uint8Array): number => {
  const length = bytes.length;
  if (length < shortest) return openersBetween(bytes, 0, length);
  const lead = (4 - (bytes.byteOffset & 3)) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, (length - lead) >> 2);
  let count = 0;
  for (let at = 0; at < words.length;) {
    const end = Math.min(words.length, at + 255);
    let lanes = 0;
    for (; at < end; at++) {
      const difference = ((words[at] as number) | 0x20202020) ^ 0x7b7b7b7b;
      const nonZero = ((difference & 0x7f7f7f7f) + 0x7f7f7f7f) | difference;
      lanes = (lanes + ((~nonZero >>> 7) & 0x01010101)) | 0;
    }
    count += (lanes & 0xff) + ((lanes >>> 8) & 0xff) + ((lanes >>> 16) & 0xff) + (lanes >>> 24);
  }
  return count + openersBetween(bytes, 0, lead) + openersBetween(bytes, lead + words.length * 4, length);
};

/** How far into a string each byte is read one by one; most strings end before. */
const shortString = 64;

/** Whether an odd number of backslashes stands before `at`, none of them before `from`. */
const isEscaped = (bytes: Uint8Array, from: number, at: number): boolean => {
  let first = at;
  while (first > from && bytes[first - 1] === backslash) first--;
  return (at - first) % 2 === 1;
};

/** Index of the quote that ends the string whose first character is at `from`; the length when none does. */
export const endOfStringBytes = (bytes: Uint8Array, from: number): number => {
  const length = bytes.length;
  let at = from;
  while (at < length) {
    const near = Math.min(length, at + shortString);
    while (at < near) {
      const byte = bytes[at];
      if (byte === quotationMark) return at;
      at += byte === backslash ? 2 : 1;
    }
    if (at >= length) return length;
    const next = bytes.indexOf(quotationMark, at);
    if (next < 0) return length;
    if (!isEscaped(bytes, at, next)) return next;
    at = next + 1;
  }
  return length;
};

/** Where a scan stands. */
interface Progress {
  at: number;
  depth: number;
  tokens: number;
}

/**
 * Reads the text byte by byte up to `end`, or to the end of a string that reaches beyond it. Each key and each value
 * of valid JSON comes after exactly one of `{ [ , :`, so counting those counts tokens. The parser refuses text that
 * is not JSON and stops at the fault.
 */
const scanAsFarAs = (bytes: Uint8Array, progress: Progress, end: number): ScanFault | undefined => {
  let { at, depth, tokens } = progress;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === quotationMark) at = endOfStringBytes(bytes, at + 1);
    else if (byte === comma || byte === colon) tokens++;
    else if ((byte | braceBit) === open) {
      tokens++;
      if (++depth > maxJsonDepth) return 'too-deep';
    } else if ((byte | braceBit) === close) depth--;
  }
  progress.at = at;
  progress.depth = depth;
  progress.tokens = tokens;
  return tokens > maxTokens ? 'too-many-tokens' : undefined;
};

const isSmallAndFlat = (bytes: Uint8Array): boolean =>
  bytes.length <= maxTokens && countOpeners(bytes) <= maxJsonDepth;

/** Bytes that are scanned in one step: under a millisecond. */
const stepBytes = 256 * 1024;

/**
 * Whether a body may be given to the JSON parser: valid UTF-8, bounded depth and number of tokens, known in
 * linear time before anything is built (B9, B31). What is not JSON passes: the parser refuses it.
 * A body of n bytes holds at most n tokens, so small bodies only need their depth bounded.
 *
 * Duplicate keys: `JSON.parse` keeps the last one, as the API server's decoder does (names compare with case
 * there too), so both read the same object. `__proto__` becomes an own property like any other.
 */
export function* scanning(bytes: Uint8Array): Steps<ScanFault | undefined> {
  if (!isUtf8(bytes)) return 'invalid-utf8';
  if (isSmallAndFlat(bytes)) return undefined;
  const progress: Progress = { at: 0, depth: 0, tokens: 1 };
  for (;;) {
    const fault = scanAsFarAs(bytes, progress, Math.min(progress.at + stepBytes, bytes.length));
    if (fault !== undefined || progress.at >= bytes.length) return fault;
    yield;
  }
}

/** The same, all steps at once. Nearly all bodies are small and flat and need no scan. */
export const scanJson = (bytes: Uint8Array): ScanFault | undefined =>
  isUtf8(bytes) && isSmallAndFlat(bytes) ? undefined : atOnce(scanning(bytes));
