import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { fail, ok, type Result } from '../../core/result.ts';
import { isHeaderText } from './answer.ts';

const maxTokenBytes = 64 * 1024;

const readBounded = async (file: FileHandle): Promise<Buffer | undefined> => {
  const buffer = Buffer.alloc(maxTokenBytes + 1);
  let size = 0;
  while (size < buffer.length) {
    const { bytesRead } = await file.read(buffer, size, buffer.length - size);
    if (bytesRead === 0) return buffer.subarray(0, size);
    size += bytesRead;
  }
  return undefined;
};

/**
 * Reads a projected token. It is read anew for every use: the kubelet replaces it long before its end, and a copy would
 * be refused once it has.
 *
 * @returns the token, or why there is none; never a part of it
 */
export const readTokenFile = async (what: string, path: string): Promise<Result<string, string>> => {
  const refuse = (why: string): Result<never, string> => fail(`${what} ${JSON.stringify(path)} ${why}`);
  try {
    // Opened without blocking: a pipe without a writer would hold the thread.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return refuse('is no file');
      const token = (await readBounded(file))?.toString().trim();
      if (token === undefined) return refuse('is larger than 64 KiB');
      return isHeaderText(token) ? ok(token) : refuse('holds no token');
    } finally {
      await file.close();
    }
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown cause'})`);
  }
};
