import type { Unreadable } from '../../text/unreadable.ts';
import { textOfBytes } from './byte-text.ts';
import {
  invalidSparse,
  longSparse,
  maxSparsePieces,
  piecesOf,
  piecesOfBlock,
  type SparsePiece,
} from './sparse.ts';
import type { TarEntry } from './tar-entry.ts';
import { decimalField, numberField } from './tar-field.ts';
import { blockLength } from './tar-header.ts';
import { countHeader, expectBody, expectBytes, type TarState } from './tar-steps.ts';

/** Go's reader has the same bound for one extended header, long name or sparse map. */
export const maxMetaBytes = 1024 * 1024;

/** GNU's own sparse form: pieces in the header, and in blocks behind it. `entry.size`: of what is stored. */
export const readOldSparse = (
  state: TarState,
  block: Uint8Array,
  entry: TarEntry,
): Unreadable | undefined => {
  const size = numberField(block.subarray(483, 495));
  const pieces: SparsePiece[] = [];
  const more = (from: Uint8Array, at: number, count: number): Unreadable | undefined => {
    const found = piecesOfBlock(from, { from: at, count });
    if (found === undefined || size === undefined) return invalidSparse.error;
    pieces.push(...found);
    if (pieces.length > maxSparsePieces) return longSparse.error;
    if (from[at + 24 * count] === 0)
      return expectBody(state, { ...entry, size }, { bytes: entry.size, left: entry.size }, pieces);
    expectBytes(state, blockLength, (next) => more(next, 0, 21));
    return countHeader(state);
  };
  return more(block, 386, 4);
};

const newline = 0x0a;
const linesIn = (block: Uint8Array): number => {
  let lines = 0;
  for (const byte of block) if (byte === newline) lines += 1;
  return lines;
};

/**
 * The form 1.0: how many pieces, then two numbers for each, one a line, in whole blocks in front of the bytes.
 * `stored`: map and bytes together.
 */
export const readMapBefore = (state: TarState, entry: TarEntry, stored: number): Unreadable | undefined => {
  const texts: string[] = [];
  let read = 0;
  let lines = 0;
  let wanted = 1;
  const nextBlock = (): Unreadable | undefined => {
    if (stored - read < blockLength) return invalidSparse.error;
    if (read + blockLength > maxMetaBytes) return longSparse.error;
    expectBytes(state, blockLength, onBlock);
    return undefined;
  };
  const onBlock = (block: Uint8Array): Unreadable | undefined => {
    texts.push(textOfBytes(block));
    read += block.length;
    lines += linesIn(block);
    if (lines < wanted) return nextBlock();
    const numbers = texts.join('').split('\n');
    const count = decimalField(numbers[0] ?? '');
    if (count === undefined || count < 0) return invalidSparse.error;
    if (count > maxSparsePieces) return longSparse.error;
    wanted = 1 + 2 * count;
    if (lines < wanted) return nextBlock();
    const pieces = piecesOf(numbers.slice(1, wanted));
    return pieces.ok
      ? expectBody(state, entry, { bytes: stored, left: stored - read }, pieces.value)
      : pieces.error;
  };
  return nextBlock();
};
