import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { whyNot } from './file-problem.ts';
import { fail, ok, type Result } from '../core/result.ts';

const chunkSize = 64 * 1024;
/** How long a pipe may stay silent, in milliseconds: `<(helm template …)` may have to fetch its chart first. */
const maxSilence = 120_000;
const pause = 10;

interface FileBounds {
  readonly bytes: number;
  /** How long a pipe may stay silent, in milliseconds. */
  readonly silence?: number;
  /** Whether to keep the byte order mark: code that writes the file back must not lose it. */
  readonly keepsByteOrderMark?: boolean;
}

const sleep = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

/** The number of bytes read; 0 at the end, `undefined` when a pipe has nothing yet. */
const readSome = (file: number, buffer: Buffer): number | undefined => {
  try {
    return readSync(file, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
};

/** A pipe of the shell (`<(cmd)`) has its writer from the start. A named pipe may still wait for its writer. */
const isNamed = (path: string): boolean => !/^\/(?:dev|proc)\//.test(path);

const sizeText = (bytes: number): string =>
  bytes % 2 ** 20 === 0 ? `${String(bytes / 2 ** 20)} MiB` : `${String(bytes)} bytes`;

/** Whether it is a pipe. Devices are refused: they have no end. */
const isPipe = (file: number): boolean => {
  const found = fstatSync(file);
  if (found.isFIFO()) return true;
  if (found.isFile() || found.isDirectory()) return false;
  throw new Error('it is neither a file nor a pipe');
};

const readOpen = (file: number, path: string, { bytes, silence = maxSilence }: FileBounds): Buffer => {
  const chunks: Buffer[] = [];
  let size = 0;
  let isAwaited = isPipe(file) && isNamed(path);
  let silent = 0;
  while (size <= bytes) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, bytes + 1 - size));
    const read = readSome(file, buffer);
    if (read === undefined || (read === 0 && isAwaited)) {
      // "Nothing yet" proves that there is a writer, so the next end of data is the end of the text.
      if (read === undefined) isAwaited = false;
      if (silent >= silence) throw new Error(`nothing came from the pipe for ${String(silence / 1000)} s`);
      sleep(pause);
      silent += pause;
    } else if (read === 0) {
      return Buffer.concat(chunks, size);
    } else {
      chunks.push(buffer.subarray(0, read));
      size += read;
      isAwaited = false;
      silent = 0;
    }
  }
  throw new Error(`it is larger than ${sizeText(bytes)}`);
};

/**
 * Reads a file or a pipe as UTF-8, and never more than the bound, however large the file is or becomes. Devices are
 * refused. Opened without blocking: a pipe that nobody writes to would otherwise hold the process for good.
 *
 * @returns the text, or why there is none
 */
export const readTextFile = (path: string, bounds: FileBounds): Result<string, string> => {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const decoder = new TextDecoder('utf-8', {
        fatal: true,
        ignoreBOM: bounds.keepsByteOrderMark === true,
      });
      return ok(decoder.decode(readOpen(file, path, bounds)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return fail(whyNot(error));
  }
};
