import { fail, ok, type Result } from '../../core/result.ts';
import type { ByteSource } from './byte-source.ts';
import { findDirectory } from './zip-end.ts';
import type { ZipFault } from './zip-fault.ts';

export interface ZipLimits {
  readonly entries: number;
  readonly entryBytes: number;
  /** Of all entries, inflated. */
  readonly totalBytes: number;
  /** Bytes of the directory: names and sizes of all entries. */
  readonly directoryBytes: number;
  /** Inflated bytes of one entry for each byte of it. Deflate itself reaches about 1,030. */
  readonly ratio: number;
}

export interface ZipEntry {
  readonly name: string;
  /** Inflated. */
  readonly size: number;
  readonly compressedSize: number;
  readonly crc: number;
  readonly isDeflated: boolean;
  /** Where its local header begins, and before which byte its data end. */
  readonly start: number;
  readonly end: number;
}

const entrySignature = 0x02014b50;
const entryHeaderSize = 46;
export const localHeaderSize = 30;
const zip64ExtraId = 1;
const unset32 = 0xffffffff;
/** Small entries of one letter reach any ratio; they cannot fill the memory. */
const ratioCountsFrom = 64 * 1024;
/** Traditional and strong encryption, and a directory whose values are masked. */
const encryptedFlags = 0x2041;
const utf8 = new TextDecoder('utf-8', { fatal: true });

const readName = (bytes: Buffer): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Attack: a name that leads out of the folder of whoever unpacks the archive, or that two readers read differently. */
const isUnsafe = (name: string): boolean =>
  name === '' ||
  name.startsWith('/') ||
  /[\0\\]/.test(name) ||
  /^[A-Za-z]:/.test(name) ||
  name.split('/').some((part) => part === '..' || part === '.');

interface Sizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly start: number;
}

/** Values past four bytes stand in an extra field, in the order size, compressed size, offset, each only if needed. */
const readZip64 = (extra: Buffer, sizes: Sizes): Sizes | undefined => {
  const fields = [sizes.size, sizes.compressedSize, sizes.start];
  if (!fields.includes(unset32)) return sizes;
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at);
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length) return undefined;
    let next = at + 4;
    at = end;
    if (id !== zip64ExtraId) continue;
    const values = fields.map((value) => {
      if (value !== unset32) return value;
      next += 8;
      return next <= end ? Number(extra.readBigUInt64LE(next - 8)) : Number.NaN;
    });
    const [size = 0, compressedSize = 0, start = 0] = values;
    return values.every(Number.isSafeInteger) ? { size, compressedSize, start } : undefined;
  }
  return undefined;
};

type FoundEntry = Omit<ZipEntry, 'end'>;

const whyNotEntry = (
  entry: FoundEntry,
  flags: number,
  method: number,
  limits: ZipLimits,
): ZipFault | undefined => {
  const { name: what, size, compressedSize } = entry;
  if (isUnsafe(what)) return { kind: 'unsafe-name', what };
  if ((flags & encryptedFlags) !== 0) return { kind: 'encrypted', what };
  if (method !== 0 && method !== 8) return { kind: 'unsupported', what };
  if (method === 0 && size !== compressedSize) return { kind: 'damaged', what };
  if (size > limits.entryBytes) return { kind: 'too-large', what };
  // Attack: a few kilobytes that inflate to gigabytes.
  if (size > ratioCountsFrom && size > compressedSize * limits.ratio) return { kind: 'too-large', what };
  return undefined;
};

interface ReadEntry {
  readonly entry: FoundEntry;
  readonly next: number;
}

const readEntryAt = (directory: Buffer, at: number, limits: ZipLimits): Result<ReadEntry, ZipFault> => {
  const damaged = (what: string) => fail({ kind: 'damaged', what } as const);
  if (at + entryHeaderSize > directory.length || directory.readUInt32LE(at) !== entrySignature)
    return damaged('the directory');
  const nameEnd = at + entryHeaderSize + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const next = extraEnd + directory.readUInt16LE(at + 32);
  if (next > directory.length) return damaged('the directory');
  const name = readName(directory.subarray(at + entryHeaderSize, nameEnd));
  if (name === undefined) return fail({ kind: 'unsafe-name', what: 'a name that is not UTF-8' });
  const disk = directory.readUInt16LE(at + 34);
  if (disk !== 0 && disk !== 0xffff) return fail({ kind: 'split', what: name });
  const sizes = readZip64(directory.subarray(nameEnd, extraEnd), {
    compressedSize: directory.readUInt32LE(at + 20),
    size: directory.readUInt32LE(at + 24),
    start: directory.readUInt32LE(at + 42),
  });
  if (sizes === undefined) return damaged(name);
  const method = directory.readUInt16LE(at + 10);
  const entry = { name, ...sizes, crc: directory.readUInt32LE(at + 16), isDeflated: method === 8 };
  const fault = whyNotEntry(entry, directory.readUInt16LE(at + 8), method, limits);
  return fault === undefined ? ok({ entry, next }) : fail(fault);
};

/**
 * Gives each entry the bytes up to the next one. Attack: entries that share their data, so that a small archive
 * inflates to any size however small each ratio is.
 */
const separate = (entries: readonly FoundEntry[], directoryStart: number): Result<ZipEntry[], ZipFault> => {
  const byStart = [...entries].sort((one, other) => one.start - other.start);
  const separated: ZipEntry[] = [];
  for (const [index, entry] of byStart.entries()) {
    const end = byStart[index + 1]?.start ?? directoryStart;
    const least = entry.start + localHeaderSize + Buffer.byteLength(entry.name) + entry.compressedSize;
    if (least > end) return fail({ kind: 'overlap', what: entry.name });
    separated.push({ ...entry, end });
  }
  return ok(separated);
};

/**
 * The entries of an archive, in the order in which they lie in it. Everything that two readers could understand
 * differently is a fault: the directory must end where the end record begins, and that must end with the file.
 */
export const readZipDirectory = (
  source: ByteSource,
  limits: ZipLimits,
): Result<readonly ZipEntry[], ZipFault> => {
  const found = findDirectory(source);
  if (!found.ok) return found;
  const { start, size, count } = found.value;
  if (count > limits.entries || size > limits.directoryBytes)
    return fail({ kind: 'too-large', what: `${count} entries` });
  const directory = source.read(start, size);
  if (directory.length < size) return fail({ kind: 'truncated', what: 'the directory' });
  const entries: FoundEntry[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const read = readEntryAt(directory, at, limits);
    if (!read.ok) return read;
    const { entry, next } = read.value;
    at = next;
    total += entry.size;
    if (total > limits.totalBytes) return fail({ kind: 'too-large', what: 'all entries together' });
    if (names.has(entry.name)) return fail({ kind: 'duplicate-name', what: entry.name });
    names.add(entry.name);
    entries.push(entry);
  }
  return at === size ? separate(entries, start) : fail({ kind: 'damaged', what: 'the directory' });
};
