import { fail, ok, type Result } from '../../core/result.ts';
import type { ByteSource } from './byte-source.ts';
import type { ZipFault } from './zip-fault.ts';

/** Where the directory of an archive lies, and how many entries it has. */
export interface DirectoryPlace {
  readonly start: number;
  readonly size: number;
  readonly count: number;
}

const endSignature = 0x06054b50;
const endSize = 22;
const maxCommentLength = 0xffff;
const locatorSignature = 0x07064b50;
const locatorSize = 20;
const end64Signature = 0x06064b50;
const end64Size = 56;

/** The end record is the last one whose comment ends with the file. */
const findEnd = (tail: Buffer): number | undefined => {
  for (let at = tail.length - endSize; at >= 0; at -= 1) {
    const isEnd = tail.readUInt32LE(at) === endSignature;
    if (isEnd && at + endSize + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  return undefined;
};

interface EndRecord extends DirectoryPlace {
  /** Where the record itself begins: the directory ends before it. */
  readonly at: number;
  readonly isSplit: boolean;
}

const readEnd = (tail: Buffer, at: number, tailStart: number): EndRecord => ({
  at: tailStart + at,
  isSplit:
    ![0, 0xffff].includes(tail.readUInt16LE(at + 4)) || ![0, 0xffff].includes(tail.readUInt16LE(at + 6)),
  count: tail.readUInt16LE(at + 10),
  size: tail.readUInt32LE(at + 12),
  start: tail.readUInt32LE(at + 16),
});

const readEnd64 = (source: ByteSource, end: EndRecord): Result<EndRecord, ZipFault> => {
  const damaged = fail({ kind: 'damaged', what: 'the zip64 end record' } as const);
  const locator = source.read(end.at - locatorSize, locatorSize);
  const at = Number(locator.readBigUInt64LE(8));
  if (at > end.at - locatorSize - end64Size) return damaged;
  const record = source.read(at, end64Size);
  if (record.length < end64Size || record.readUInt32LE(0) !== end64Signature) return damaged;
  const recordSize = 12 + Number(record.readBigUInt64LE(4));
  const [count, size, start] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field)));
  if (count === undefined || size === undefined || start === undefined) return damaged;
  if (at + recordSize !== end.at - locatorSize || ![count, size, start].every(Number.isSafeInteger))
    return damaged;
  const isSplit =
    locator.readUInt32LE(4) !== 0 ||
    locator.readUInt32LE(16) > 1 ||
    record.readUInt32LE(16) !== 0 ||
    record.readUInt32LE(20) !== 0;
  return ok({ at, isSplit, count, size, start });
};

const hasLocator = (source: ByteSource, end: EndRecord): boolean =>
  end.at >= locatorSize + end64Size &&
  source.read(end.at - locatorSize, 4).readUInt32LE(0) === locatorSignature;

/** Finds the directory from the end of the archive. It must lie right before the record that tells of it. */
export const findDirectory = (source: ByteSource): Result<DirectoryPlace, ZipFault> => {
  const tailStart = Math.max(0, source.size - endSize - maxCommentLength);
  const tail = source.read(tailStart, source.size - tailStart);
  if (tail.length < endSize) return fail({ kind: 'not-zip', what: 'too short' });
  const found = findEnd(tail);
  // A download that broke off begins like an archive and has no end.
  if (found === undefined) {
    const begins = source.read(0, 2).toString('latin1') === 'PK';
    return fail({ kind: begins ? 'truncated' : 'not-zip', what: 'no end record' });
  }
  const end = readEnd(tail, found, tailStart);
  const read = hasLocator(source, end) ? readEnd64(source, end) : ok(end);
  if (!read.ok) return read;
  const { at, isSplit, start, size, count } = read.value;
  if (isSplit) return fail({ kind: 'split', what: 'the archive' });
  return start + size === at ? ok({ start, size, count }) : fail({ kind: 'damaged', what: 'the end record' });
};
