import { ok, type Result } from '../../result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../../text/unreadable.ts';
import type { PaxRecords } from './pax.ts';
import type { TarBody } from './tar-entry.ts';
import { decimalField, numberField } from './tar-field.ts';

/** A piece of a sparse file that is there; between two of them are zeros that nobody has written. */
export interface SparsePiece {
  readonly offset: number;
  readonly length: number;
}

/** As many as fit into a map of 1 MiB. */
export const maxSparsePieces = 43_690;
export const invalidSparse = invalidBytes('the map of a sparse file in the tar cannot be read');
export const longSparse = tooMuch(`a sparse file in the tar has more than ${maxSparsePieces} pieces`);

/** Which way the pieces of a file are told. `before`: in front of its bytes. */
export type SparseForm = 'none' | 'record' | 'before';

/** The forms 0.0, 0.1 and 1.0, which are told by records. */
export const sparseFormOf = (records: PaxRecords): SparseForm => {
  const major = records.get('GNU.sparse.major') ?? '';
  const minor = records.get('GNU.sparse.minor') ?? '';
  if (major === '0' && (minor === '0' || minor === '1')) return 'record';
  if (major === '1' && minor === '0') return 'before';
  if (major !== '' || minor !== '') return 'none';
  return (records.get('GNU.sparse.map') ?? '') === '' ? 'none' : 'record';
};

/** Numbers in pairs. */
export const piecesOf = (numbers: readonly string[]): Result<readonly SparsePiece[], Unreadable> => {
  if (numbers.length > 2 * maxSparsePieces) return longSparse;
  const pieces: SparsePiece[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    const offset = decimalField(numbers[at] ?? '');
    const length = decimalField(numbers[at + 1] ?? '');
    if (offset === undefined || length === undefined) return invalidSparse;
    pieces.push({ offset, length });
  }
  return ok(pieces);
};

export const piecesOfRecords = (records: PaxRecords): Result<readonly SparsePiece[], Unreadable> => {
  const map = records.get('GNU.sparse.map') ?? '';
  const count = decimalField(records.get('GNU.sparse.numblocks') ?? '');
  const numbers = map === '' ? [] : map.split(',');
  return count === undefined || count < 0 || numbers.length !== 2 * count ? invalidSparse : piecesOf(numbers);
};

/** Pieces in a GNU header (four from 386 on) or in a block behind it (21). A zero in front of a number ends them. */
export const piecesOfBlock = (
  block: Uint8Array,
  { from, count }: { readonly from: number; readonly count: number },
): readonly SparsePiece[] | undefined => {
  const pieces: SparsePiece[] = [];
  for (let at = from; at < from + 24 * count && block[at] !== 0; at += 24) {
    const offset = numberField(block.subarray(at, at + 12));
    const length = numberField(block.subarray(at + 12, at + 24));
    if (offset === undefined || length === undefined) return undefined;
    pieces.push({ offset, length });
  }
  return pieces;
};

/** In order, within the file, and with as many bytes as the archive holds of it. */
export const fits = (pieces: readonly SparsePiece[], size: number, stored: number): boolean => {
  let at = 0;
  let sum = 0;
  for (const { offset, length } of pieces) {
    if (offset < at || length < 0 || offset + length > size) return false;
    at = offset + length;
    sum += length;
  }
  return size >= 0 && sum === stored;
};

/** Hands on the bytes that are stored, and tells of the holes between them. */
export const sparseBody = (body: TarBody, pieces: readonly SparsePiece[], size: number): TarBody => {
  let index = 0;
  let done = 0;
  let at = 0;
  const holeTo = (offset: number): void => {
    if (offset > at) body.hole(offset - at);
    at = offset;
  };
  return {
    write: (chunk) => {
      let from = 0;
      while (from < chunk.length) {
        const piece = pieces[index];
        if (piece === undefined) return;
        holeTo(piece.offset + done);
        const taken = Math.min(chunk.length - from, piece.length - done);
        if (taken > 0) body.write(chunk.subarray(from, from + taken));
        from += taken;
        at += taken;
        done += taken;
        if (done < piece.length) continue;
        index += 1;
        done = 0;
      }
    },
    hole: (length) => body.hole(length),
    end: () => {
      holeTo(size);
      body.end();
    },
  };
};
