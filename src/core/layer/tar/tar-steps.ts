import type { Result } from '../../result.ts';
import { tooMuch, type Unreadable } from '../../text/unreadable.ts';
import type { PaxRecords } from './pax.ts';
import { fits, invalidSparse, sparseBody, type SparsePiece } from './sparse.ts';
import type { TarBody, TarEntry } from './tar-entry.ts';
import { blockLength } from './tar-header.ts';

/** How much of a tar is read. An archive of a few kilobytes can say that it holds any number of files. */
export interface TarLimits {
  /** Headers, those counted that only tell of the next file. */
  readonly entries: number;
  /** Bytes of the archive. */
  readonly bytes: number;
  /** Characters of a name, and of what a link points at. */
  readonly name: number;
}

/** Takes the entries in their order. An error ends the reading. */
export type OnTarEntry = (entry: TarEntry) => Result<TarBody | undefined, Unreadable>;

/** What headers in front of a file say about it. */
interface Told {
  readonly records: PaxRecords;
  readonly name: string;
  readonly link: string;
}
export const nothingTold: Told = { records: new Map(), name: '', link: '' };

/** What stands next in the archive: bytes that are needed together, bytes of a body, or padding. */
export type TarStep =
  | {
      readonly kind: 'gather';
      readonly length: number;
      /** The bytes are those of a chunk: they change after the call. */
      readonly take: (bytes: Uint8Array) => Unreadable | undefined;
      /** The archive may end in front of them. */
      readonly mayEnd: boolean;
    }
  | { readonly kind: 'body'; left: number; readonly body: TarBody | undefined; readonly stored: number }
  | { readonly kind: 'padding'; left: number }
  | { readonly kind: 'over' };

/** Where a reader stands. */
export interface TarState {
  readonly limits: TarLimits;
  readonly onEntry: OnTarEntry;
  /** Reads a header block. */
  readonly header: (block: Uint8Array) => Unreadable | undefined;
  step: TarStep;
  told: Told;
  entries: number;
}

export const expectBytes = (
  state: TarState,
  length: number,
  take: (bytes: Uint8Array) => Unreadable | undefined,
): void => {
  state.step = { kind: 'gather', length, take, mayEnd: false };
};

export const expectHeader = (state: TarState): void => {
  state.step = { kind: 'gather', length: blockLength, take: state.header, mayEnd: true };
};

/** After so many stored bytes: the block is filled up. */
export const expectPadding = (state: TarState, stored: number): void => {
  const left = (blockLength - (stored % blockLength)) % blockLength;
  if (left === 0) expectHeader(state);
  else state.step = { kind: 'padding', left };
};

export const countHeader = (state: TarState): Unreadable | undefined => {
  state.entries += 1;
  return state.entries > state.limits.entries
    ? tooMuch(`the tar has more than ${state.limits.entries} entries`).error
    : undefined;
};

/** What the archive holds of a file: so many bytes, of which `left` still come. */
interface Stored {
  readonly bytes: number;
  readonly left: number;
}

/** Everything that is told about the file is known: its body comes. */
export const expectBody = (
  state: TarState,
  entry: TarEntry,
  { bytes, left }: Stored,
  pieces?: readonly SparsePiece[],
): Unreadable | undefined => {
  const { name } = state.limits;
  if (entry.name.length > name || entry.link.length > name)
    return tooMuch(`a name in the tar is longer than ${name} characters`).error;
  if (pieces !== undefined && !fits(pieces, entry.size, left)) return invalidSparse.error;
  const taken = state.onEntry(entry);
  if (!taken.ok) return taken.error;
  const isSparse = taken.value !== undefined && pieces !== undefined;
  const body = isSparse ? sparseBody(taken.value, pieces, entry.size) : taken.value;
  state.step = { kind: 'body', left, body, stored: bytes };
  return undefined;
};
