import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode } from '../../files/file-problem.ts';

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

/** An interrupted write leaves its file behind, which is seldom: it costs no look before each write. */
const openNew = (path: string): Promise<FileHandle> =>
  open(path, writeFlags, ownerOnly).catch(async (error: unknown) => {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    await rm(path, { force: true });
    return open(path, writeFlags, ownerOnly);
  });

/**
 * Writes the file whole or not at all: beside its place, then renamed. Not synced, since content is hashed when it is
 * read back.
 */
export const writeFileBytes = async (path: string, bytes: Uint8Array): Promise<void> => {
  const beside = `${path}.tmp`;
  try {
    const file = await openNew(beside);
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

const statusOf = async (path: string): Promise<Stats> => {
  try {
    return await lstat(path);
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
    await mkdir(path, { mode: 0o700 }).catch(() => {});
    return lstat(path);
  }
};

/** Makes `sha256/ab`; a link in the place of either would lead the write elsewhere and is refused. */
export const makeFolder = async (root: string, folder: string): Promise<void> => {
  for (const part of [folder.split('/')[0] ?? '', folder]) {
    const path = join(root, part);
    if (!(await statusOf(path)).isDirectory()) throw new Error(`${path} is not a directory`);
  }
};
