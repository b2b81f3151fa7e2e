import { createHash } from 'node:crypto';
import { close, closeSync, constants, fstatSync, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { algorithmOf, hexOf, type Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { whyNot } from '../../files/file-problem.ts';
import { fileSource, type ByteSource } from '../../files/zip/byte-source.ts';

/** `none`: no advisories were ever put there. */
export interface FolderFault {
  readonly kind: 'none' | 'unreadable' | 'damaged' | 'other-schema';
  readonly why: string;
}

/** A file of which parts are read on demand. Nobody changes it: its name is the digest of its bytes. */
export interface PartFile extends ByteSource {
  close(): void;
}

/** The index of npm has about 60 MB. */
const maxBytes = 1024 * 1024 * 1024;
const sliceBytes = 256 * 1024;

const openFile = promisify(open);
const closeFile = promisify(close);
/** Opened without blocking. Attack: a pipe in place of the file, without a writer, would hold a thread for good. */
const openToRead = (path: string): Promise<number> =>
  openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);

const whyNotOpened = (descriptor: number): string | undefined => {
  const found = fstatSync(descriptor);
  if (!found.isFile()) return 'not-regular';
  return found.size > maxBytes ? 'too-large' : undefined;
};

const readSlice = (descriptor: number, slice: Buffer, at: number): Promise<number> =>
  new Promise((resolve, reject) => {
    read(descriptor, slice, 0, slice.length, at, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });

/** Memory into which files are read one after the other: what each takes for itself stays in the memory of an idle gate. */
export const createSlice = (): Buffer => Buffer.allocUnsafeSlow(sliceBytes);

/** Slice by slice into one piece of memory: an index may have a hundred megabytes, and reviews go on meanwhile. */
const hasDigest = async (descriptor: number, digest: Digest, slice: Buffer): Promise<boolean> => {
  const hash = createHash(algorithmOf(digest));
  let at = 0;
  for (;;) {
    const count = await readSlice(descriptor, slice, at);
    if (count === 0) return hash.digest('hex') === hexOf(digest);
    hash.update(slice.subarray(0, count));
    at += count;
  }
};

const held = (descriptor: number): PartFile => {
  const source = fileSource(descriptor);
  let isClosed = false;
  return {
    size: source.size,
    read: (at, length) => {
      // The number of a closed file may be that of another one by now.
      if (isClosed) throw new Error('the file was closed');
      return source.read(at, length);
    },
    close: () => {
      if (!isClosed) closeSync(descriptor);
      isClosed = true;
    },
  };
};

/** A part that is not there is never "none": a generation names it. */
const unreadable = (path: string, error: unknown): FolderFault => ({
  kind: 'unreadable',
  why: `${path}: ${whyNot(error)}`,
});

const withOpen = async <T>(
  path: string,
  use: (descriptor: number) => Promise<Result<T, FolderFault>>,
): Promise<Result<T, FolderFault>> => {
  let descriptor: number;
  try {
    descriptor = await openToRead(path);
  } catch (error) {
    return fail(unreadable(path, error));
  }
  let isKept = false;
  try {
    const why = whyNotOpened(descriptor);
    if (why !== undefined) return fail(unreadable(path, why));
    const used = await use(descriptor);
    isKept = used.ok;
    return used;
  } catch (error) {
    return fail(unreadable(path, error));
  } finally {
    if (!isKept) await closeFile(descriptor);
  }
};

/**
 * Compares all bytes of a file with the digest by which it is named, and holds it open.
 *
 * @param slice nobody else reads into it meanwhile
 */
export const openPartFile = (
  path: string,
  digest: Digest,
  slice: Buffer,
): Promise<Result<PartFile, FolderFault>> =>
  withOpen(path, async (descriptor) =>
    (await hasDigest(descriptor, digest, slice))
      ? ok(held(descriptor))
      : fail({ kind: 'damaged', why: `${path}: other bytes than it is named by` }),
  );

/** Opens a file of which only the beginning is read, for what is told and never judged by. */
export const peekPartFile = (path: string): Promise<Result<PartFile, FolderFault>> =>
  withOpen(path, (descriptor) => Promise.resolve(ok(held(descriptor))));
