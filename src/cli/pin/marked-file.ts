import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { whyNot } from '../../files/file-problem.ts';
import { fileVersion } from '../../files/regular-file.ts';
import { shown } from '../../core/text/shown-text.ts';

/** A file at one time: its real path, and what is needed to see a change. */
export interface FileMark {
  readonly target: string;
  readonly version: string;
  readonly mode: number;
  /** Why it must not be written, whatever is found in it. */
  readonly refusal?: string;
}

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/**
 * Marks a file that is to be written back. Refuses a file outside of the named folder: a link in a repository could
 * otherwise make `--pin` overwrite any file of the user.
 * @returns why it cannot be read, also for a pipe or a device
 */
export const markFile = async (path: string, folder: string): Promise<FileMark | string> => {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile())
      return shown(
        `${path}: --pin writes into the file, and this is no regular file; use --pin -f - for a pipe`,
      );
    const target = await realpath(path);
    const mark = { target, version: fileVersion(found), mode: Number(found.mode) & 0o7777 };
    if (isInside(await realpath(folder), target)) return mark;
    const refusal = `its file is a link out of ${folder}, where --pin does not write; name ${target} with -f`;
    return { ...mark, refusal };
  } catch (error) {
    return shown(`cannot read ${path}: ${whyNot(error)}`);
  }
};

const writeWhole = async (path: string, text: string, mode: number): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
};

/**
 * Replaces the text of a file, wholly or not at all: a reader sees the old or the new text. Links stay links, and the
 * mode stays. A file that changed since it was marked is left alone.
 * @returns why it was not written
 */
export const replaceMarked = async (
  path: string,
  mark: FileMark,
  text: string,
): Promise<string | undefined> => {
  const beside = join(dirname(mark.target), `.imagegate-${randomUUID()}.tmp`);
  try {
    const now = await stat(mark.target, { bigint: true });
    if ((await realpath(path)) !== mark.target || fileVersion(now) !== mark.version)
      return shown(`${path} changed while its images were looked up, so it was not written; run it again`);
    await writeWhole(beside, text, mark.mode);
    await rename(beside, mark.target);
    return undefined;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    return shown(`cannot write ${path}: ${whyNot(error)}`);
  }
};
