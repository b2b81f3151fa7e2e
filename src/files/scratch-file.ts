import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Lends a file on the disk of a folder for as long as it is used. It has no name, so that nothing of it is left behind when the
 * process is killed. Work waits: it belongs into a thread of its own or a command.
 */
export const withScratchFile = async <T>(
  folder: string,
  use: (descriptor: number) => Promise<T>,
): Promise<T> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${randomBytes(8).toString('hex')}.tmp`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    return await use(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
