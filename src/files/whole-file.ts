import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileErrorCode } from './file-problem.ts';

/** Writes beside the target, down to the disk: a crash leaves either the old file or the new one. */
const writeBeside = async (path: string, content: string | Uint8Array, mode: number): Promise<string> => {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(beside, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    // On a full disk the half of a file would keep the room that the next attempt needs.
    await unlink(beside);
    throw error;
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

/** Replaces a file, wholly or not at all: a reader sees the old or the new one. */
export const replaceFile = async (
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> => {
  const beside = await writeBeside(path, content, mode);
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
