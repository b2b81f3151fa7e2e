import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderName, isContentFile } from './name.ts';

interface FoundFile {
  /** Below the directory: `sha256/ab/<file>`. */
  readonly path: string;
  readonly bytes: number;
  /** When it was written, milliseconds since 1970. */
  readonly written: number;
}

const algorithms = ['sha256', 'sha384', 'sha512'];

/** Directories only: a link in the place of one leads nowhere. */
const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
};

/** Files of one folder. Anything that is no content (an interrupted write, a link) is removed. */
const scanFolder = async (
  root: string,
  folder: string,
  most: number,
  isOver: () => boolean,
): Promise<FoundFile[]> => {
  const found: FoundFile[] = [];
  if (!(await isFolder(join(root, folder)))) return found;
  for await (const entry of await opendir(join(root, folder))) {
    if (isOver()) break;
    const path = `${folder}/${entry.name}`;
    const wanted = entry.isFile() && isContentFile(entry.name) && found.length < most;
    if (wanted) {
      const { size, mtimeMs } = await lstat(join(root, path));
      found.push({ path, bytes: size, written: mtimeMs });
    } else if (!entry.isDirectory()) await rm(join(root, path), { force: true });
  }
  return found;
};

/**
 * The files of an earlier process, oldest first. Reads at most `most` entries, removes the rest, and follows no link.
 * Rejects when the directory cannot be read. `isOver`: whether the result is no longer needed.
 */
export const scanContent = async (
  root: string,
  most: number,
  isOver: () => boolean = () => false,
): Promise<readonly FoundFile[]> => {
  const found: FoundFile[] = [];
  for (const algorithm of algorithms) {
    if (!(await isFolder(join(root, algorithm)))) continue;
    for await (const entry of await opendir(join(root, algorithm))) {
      if (isOver()) return found;
      if (!folderName.test(entry.name)) continue;
      const folder = `${algorithm}/${entry.name}`;
      for (const file of await scanFolder(root, folder, most - found.length, isOver)) found.push(file);
    }
  }
  return found.sort((one, other) => one.written - other.written);
};
