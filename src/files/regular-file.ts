import { constants, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { fail, ok, type Result } from '../core/result.ts';

/** Differs when the file was written or replaced, and when a link (of a mounted Secret) leads elsewhere. */
export const fileVersion = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** `not-regular`: a folder, a pipe or a device. `too-large`: more than the limit. */
type FileFault = 'not-regular' | 'too-large';

interface RegularFile {
  readonly version: string;
  readonly bytes: Result<Buffer, FileFault>;
}

const chunkSize = 64 * 1024;

/** Never more than the limit, also when the file grows while it is read. */
const readBytes = async (file: FileHandle, maxBytes: number): Promise<Result<Buffer, FileFault>> => {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size <= maxBytes) {
    const chunk = Buffer.alloc(Math.min(chunkSize, maxBytes + 1 - size));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return ok(Buffer.concat(chunks, size));
    chunks.push(chunk.subarray(0, bytesRead));
    size += bytesRead;
  }
  return fail('too-large');
};

/**
 * Reads a regular file within a limit. It is opened without blocking. Attack: a pipe in place of the file, without a
 * writer, would hold one of the few threads for good.
 *
 * @returns its bytes, or why it is not read; rejects with the error of the system
 */
export const readRegularFile = async (path: string, maxBytes: number): Promise<RegularFile> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat({ bigint: true });
    const version = fileVersion(found);
    if (!found.isFile()) return { version, bytes: fail('not-regular') };
    if (found.size > BigInt(maxBytes)) return { version, bytes: fail('too-large') };
    return { version, bytes: await readBytes(file, maxBytes) };
  } finally {
    await file.close();
  }
};
