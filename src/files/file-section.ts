import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { fail, ok, type Result } from '../core/result.ts';
import { whyNot } from './file-problem.ts';

/** A part of a file: a whole one, or a file within an archive. */
export interface FileSection {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Takes a chunk, which changes after the call. `false`: no more are wanted. */
export type TakeBytes = (chunk: Uint8Array) => boolean | Promise<boolean>;

const chunkLength = 256 * 1024;

const handOn = async (
  file: FileHandle,
  { offset, length }: FileSection,
  take: TakeBytes,
  signal: AbortSignal | undefined,
): Promise<Result<undefined, string>> => {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkLength, length)));
  for (let done = 0; done < length;) {
    if (signal?.aborted === true) return fail('its time is over');
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, length - done), offset + done);
    if (bytesRead === 0) return fail('it ends too early');
    done += bytesRead;
    if (!(await take(buffer.subarray(0, bytesRead)))) break;
  }
  return ok(undefined);
};

/**
 * Hands on a part of a regular file. It is opened without blocking. Attack: a pipe in place of the file, without a writer,
 * would hold the reader for good.
 * @returns or why it cannot be read
 */
export const streamSection = async (
  section: FileSection,
  take: TakeBytes,
  signal?: AbortSignal,
): Promise<Result<undefined, string>> => {
  try {
    const file = await open(section.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      return found.isFile() ? await handOn(file, section, take, signal) : fail('it is no regular file');
    } finally {
      await file.close();
    }
  } catch (error) {
    return fail(whyNot(error));
  }
};

/** The bytes of a part that may be so long. */
export const readSection = async (
  section: FileSection,
  maxBytes: number,
): Promise<Result<Buffer, string>> => {
  if (section.length > maxBytes) return fail(`it is longer than ${maxBytes} bytes`);
  const chunks: Buffer[] = [];
  const read = await streamSection(section, (chunk) => chunks.push(Buffer.from(chunk)) > 0);
  return read.ok ? ok(Buffer.concat(chunks)) : read;
};
