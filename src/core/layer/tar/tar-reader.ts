import { fail, ok, type Result } from '../../result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../../text/unreadable.ts';
import { readPax, type PaxRecords } from './pax.ts';
import { invalidSparse, piecesOfRecords, sparseFormOf } from './sparse.ts';
import { maxMetaBytes, readMapBefore, readOldSparse } from './sparse-map.ts';
import type { TarEntry, TarEntryKind } from './tar-entry.ts';
import { decimalField, textField } from './tar-field.ts';
import { blockLength, isZeroBlock, readTarHeader, type TarHeader } from './tar-header.ts';
import {
  countHeader,
  expectBody,
  expectHeader,
  expectPadding,
  expectBytes,
  nothingTold,
  type OnTarEntry,
  type TarLimits,
  type TarState,
  type TarStep,
} from './tar-steps.ts';

/** Types without a body, whatever size their header says. */
const bodiless = new Set(['1', '2', '3', '4', '5', '6']);
const kinds: Readonly<Record<string, TarEntryKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
const kindOf = (type: string, name: string): TarEntryKind =>
  type === '\0' && name.endsWith('/') ? 'directory' : (kinds[type] ?? 'other');

const badSize = invalidBytes('an entry of the tar has a size that cannot be read').error;

/** What the headers in front of a file say under this key. An empty value means: as the header of the file says. */
const toldOf = (records: PaxRecords, key: string): string | undefined => records.get(key) || undefined;

/** A file whose records may tell of a sparse one. `stored`: bytes in the archive; absent: it has no body. */
const readFile = (
  state: TarState,
  records: PaxRecords,
  entry: TarEntry,
  stored: number | undefined,
): Unreadable | undefined => {
  const bytes = stored ?? 0;
  const form = sparseFormOf(records);
  if (form === 'none') return expectBody(state, entry, { bytes, left: bytes });
  const told = toldOf(records, 'GNU.sparse.size') ?? toldOf(records, 'GNU.sparse.realsize');
  const size = told === undefined ? bytes : decimalField(told);
  if (size === undefined || stored === undefined) return invalidSparse.error;
  const sparse = { ...entry, name: toldOf(records, 'GNU.sparse.name') ?? entry.name, size };
  if (form === 'before') return readMapBefore(state, sparse, bytes);
  const pieces = piecesOfRecords(records);
  return pieces.ok ? expectBody(state, sparse, { bytes, left: bytes }, pieces.value) : pieces.error;
};

/** Bytes that the archive holds of an entry; `undefined`: it has no body. `false`: the size cannot be read. */
const storedOf = (records: PaxRecords, header: TarHeader, kind: TarEntryKind): number | undefined | false => {
  const size = decimalField(toldOf(records, 'size') ?? String(header.size));
  if (size === undefined) return false;
  if (kind === 'directory' || bodiless.has(header.type)) return undefined;
  return size >= 0 && size;
};

/** The file that a header begins, with what the headers in front of it say. */
const readEntry = (state: TarState, header: TarHeader, block: Uint8Array): Unreadable | undefined => {
  const { records, name, link } = state.told;
  state.told = nothingTold;
  const ownName = name || (toldOf(records, 'path') ?? header.name);
  const kind = kindOf(header.type, ownName);
  const stored = storedOf(records, header, kind);
  if (stored === false) return badSize;
  const entry: TarEntry = {
    kind,
    name: ownName,
    link: link || (toldOf(records, 'linkpath') ?? header.link),
    size: stored ?? 0,
    mode: header.mode,
  };
  if (header.type !== 'S') return readFile(state, records, entry, stored);
  return header.form === 'gnu' ? readOldSparse(state, block, entry) : invalidSparse.error;
};

const tell = (state: TarState, type: string, bytes: Uint8Array): Unreadable | undefined => {
  if (type === 'L') state.told = { ...state.told, name: textField(bytes) };
  else if (type === 'K') state.told = { ...state.told, link: textField(bytes) };
  else {
    const records = readPax(bytes);
    if (!records.ok) return records.error;
    // A global header ends what was told so far, and itself tells of no file: Go's reader hands it out as an entry.
    state.told = type === 'g' ? nothingTold : { ...state.told, records: records.value };
  }
  expectPadding(state, bytes.length);
  return undefined;
};

const metaTypes = new Set(['x', 'g', 'L', 'K']);

const readHeader = (state: TarState, block: Uint8Array): Unreadable | undefined => {
  if (isZeroBlock(block)) {
    state.step = { kind: 'gather', length: blockLength, take: (next) => readEnd(state, next), mayEnd: true };
    return undefined;
  }
  const header = readTarHeader(block);
  if (!header.ok) return header.error;
  const { type, size } = header.value;
  const tooMany = countHeader(state);
  if (tooMany !== undefined) return tooMany;
  if (!metaTypes.has(type)) return readEntry(state, header.value, block);
  if (size < 0) return badSize;
  if (size > maxMetaBytes)
    return tooMuch(`an extended header of the tar is longer than ${maxMetaBytes} bytes`).error;
  expectBytes(state, size, (bytes) => tell(state, type, bytes));
  return undefined;
};

const readEnd = (state: TarState, block: Uint8Array): Unreadable | undefined => {
  if (!isZeroBlock(block)) return invalidBytes('the tar goes on behind a block of zeros').error;
  state.step = { kind: 'over' };
  return undefined;
};

/** Gathers bytes that chunks cut apart. */
interface Gathering {
  bytes: Uint8Array;
  filled: number;
}
const noBytes = new Uint8Array(0);

/** The gathered bytes when they are complete, and how many of the chunk they took. */
const gatherFrom = (
  into: Gathering,
  length: number,
  chunk: Uint8Array,
): { readonly taken: number; readonly whole: Uint8Array | undefined } => {
  if (into.filled === 0 && chunk.length >= length) return { taken: length, whole: chunk.subarray(0, length) };
  if (into.filled === 0) into.bytes = new Uint8Array(length);
  const taken = Math.min(length - into.filled, chunk.length);
  into.bytes.set(chunk.subarray(0, taken), into.filled);
  into.filled += taken;
  if (into.filled < length) return { taken, whole: undefined };
  const whole = into.bytes;
  into.bytes = noBytes;
  into.filled = 0;
  return { taken, whole };
};

/** A body or padding: bytes that go by. Returns how many of the chunk they took. */
const passFrom = (state: TarState, step: TarStep, chunk: Uint8Array): number => {
  if (step.kind !== 'body' && step.kind !== 'padding') return 0;
  const taken = Math.min(step.left, chunk.length);
  if (step.kind === 'body' && taken > 0)
    step.body?.write(taken === chunk.length ? chunk : chunk.subarray(0, taken));
  step.left -= taken;
  if (step.left > 0) return taken;
  if (step.kind === 'padding') expectHeader(state);
  else {
    step.body?.end();
    expectPadding(state, step.stored);
  }
  return taken;
};

/** Whether a step is done without a byte: an empty body, or an extended header without records. */
const needsNothing = (step: TarStep): boolean =>
  (step.kind === 'body' && step.left === 0) || (step.kind === 'gather' && step.length === 0);

const consume = (state: TarState, gathering: Gathering, chunk: Uint8Array): Unreadable | undefined => {
  for (let at = 0; at < chunk.length || needsNothing(state.step);) {
    const { step } = state;
    if (step.kind === 'over') return undefined;
    const rest = chunk.subarray(at);
    if (step.kind !== 'gather') {
      at += passFrom(state, step, rest);
      continue;
    }
    const { taken, whole } = gatherFrom(gathering, step.length, rest);
    at += taken;
    const failure = whole && step.take(whole);
    if (failure !== undefined) return failure;
  }
  return undefined;
};

export interface TarReader {
  /** Chunks of any size. After an error, and behind the end of the archive, nothing is read any more. */
  write(chunk: Uint8Array): Result<undefined, Unreadable>;
  /** No more chunks come. */
  end(): Result<undefined, Unreadable>;
}

/**
 * Reads a tar of a stranger as Go's `archive/tar` does, which container runtimes read layers with: what follows two
 * blocks of zeros is not there, a global header changes nothing, and the last extended header counts. A reader that
 * saw other files than the runtime would judge another image.
 */
export const createTarReader = (limits: TarLimits, onEntry: OnTarEntry): TarReader => {
  const state: TarState = {
    limits,
    onEntry,
    header: (block) => readHeader(state, block),
    step: { kind: 'over' },
    told: nothingTold,
    entries: 0,
  };
  expectHeader(state);
  const gathering: Gathering = { bytes: noBytes, filled: 0 };
  let bytes = 0;
  let failure: Unreadable | undefined;
  const outcome = (): Result<undefined, Unreadable> =>
    failure === undefined ? ok(undefined) : fail(failure);
  return {
    write: (chunk) => {
      if (failure !== undefined) return outcome();
      bytes += chunk.length;
      failure =
        bytes > limits.bytes
          ? tooMuch(`the tar is longer than ${limits.bytes} bytes`).error
          : consume(state, gathering, chunk);
      return outcome();
    },
    end: () => {
      const { kind } = state.step;
      // Writers leave out the end blocks, and the padding of the last file.
      const mayEnd =
        kind === 'over' ||
        kind === 'padding' ||
        (kind === 'gather' && state.step.mayEnd && gathering.filled === 0);
      if (!mayEnd) failure ??= invalidBytes('the tar ends in the middle of an entry').error;
      return outcome();
    },
  };
};
