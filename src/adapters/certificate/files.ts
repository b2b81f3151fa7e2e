import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileErrorCode } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';

/** No file of the gate is nearly as large. */
const largest = 1024 * 1024;

/**
 * The text of a file; `undefined` when there is none. Does not wait for a pipe or device that an attacker planted.
 */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    const { bytes } = await readRegularFile(path, largest);
    if (!bytes.ok) throw new Error(`${path} is no file of at most 1 MiB`);
    return bytes.value.toString();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Writes beside the target, down to the disk: a crash leaves either the old file or the new one. */
const writeBeside = async (path: string, text: string, mode: number): Promise<string> => {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(beside, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return beside;
};

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

export const replaceFile = async (path: string, text: string, mode: number): Promise<void> => {
  const beside = await writeBeside(path, text, mode);
  try {
    await rename(beside, path);
  } catch (error) {
    await unlink(beside);
    throw error;
  }
  await syncDirectory(path);
};

/** Makes a file that must not exist yet; false when another process was first. Its file stays as it is. */
export const createFile = async (path: string, text: string, mode: number): Promise<boolean> => {
  const beside = await writeBeside(path, text, mode);
  try {
    await link(beside, path);
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(beside);
  }
  await syncDirectory(path);
  return true;
};

/** Moves a file, durably. */
export const moveFile = async (from: string, to: string): Promise<void> => {
  await rename(from, to);
  await syncDirectory(to);
};

/** Whether others than the owner may read a file. */
export const isOpenToOthers = async (path: string): Promise<boolean> =>
  process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0;
