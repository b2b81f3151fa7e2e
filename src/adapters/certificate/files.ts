import { stat } from 'node:fs/promises';
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

/** Whether others than the owner may read a file. */
export const isOpenToOthers = async (path: string): Promise<boolean> =>
  process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0;
