import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

// O_NONBLOCK: opening a planted pipe must not wait for a writer.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const writeFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const ownerOnly = 0o600;

/** The bytes of a regular file that is no larger than content may be. */
export const readFileBytes = async (path: string, most: number): Promise<Uint8Array | undefined> => {
  const file = await open(path, readFlags);
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > most) return undefined;
    const bytes = new Uint8Array(status.size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytesRead === bytes.length ? bytes : undefined;
  } finally {
    await file.close();
  }
};

/**
 * Writes the file whole or not at all: beside its place, then renamed. Not synced, since content is hashed when it is
 * read back.
 */
export const writeFileBytes = async (path: string, bytes: Uint8Array): Promise<void> => {
  const beside = `${path}.tmp`;
  await rm(beside, { force: true });
  try {
    const file = await open(beside, writeFlags, ownerOnly);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw error;
  }
};

/** Makes `sha256/ab`; a link in the place of either would lead the write elsewhere and is refused. */
export const makeFolder = async (root: string, folder: string): Promise<void> => {
  for (const part of [folder.split('/')[0] ?? '', folder]) {
    const path = join(root, part);
    await mkdir(path, { mode: 0o700 }).catch(() => {});
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is not a directory`);
  }
};
