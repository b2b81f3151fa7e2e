import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { quote } from '../../core/text/cut-middle.ts';
import { exploitedList } from '../../core/vulnerability/advisory.ts';
import { schemeOf } from '../../core/vulnerability/ecosystem.ts';
import { shownName } from '../../core/text/shown-text.ts';
import { whyNot } from '../../files/file-problem.ts';
import { UsageError } from '../terminal/terminal.ts';

/** A file that a feed publishes. */
export interface FeedFile {
  readonly path: string;
  readonly format: 'osv' | 'kev';
  /** As OSV names it; of a KEV file what stands for one. */
  readonly ecosystem: string;
}

const archive = 'all.zip';
/** The name under which CISA publishes the list. */
const exploitedFile = 'known_exploited_vulnerabilities.json';
const maxFolderEntries = 1000;

/** `PyPI/all.zip` and `PyPI.zip` speak of PyPI. */
const ecosystemOf = (path: string): string =>
  basename(path) === archive ? basename(dirname(resolve(path))) : basename(path, '.zip');

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** What a folder in the layout of OSV holds: `<ECOSYSTEM>/all.zip`; also `<ECOSYSTEM>.zip`, and a KEV file. */
const inFolder = async (folder: string): Promise<readonly string[]> => {
  const names = (await readdir(folder)).sort();
  if (names.length > maxFolderEntries)
    throw new UsageError([`${shownName(folder)}: has more than ${maxFolderEntries} entries; name the files`]);
  const isFeed = (name: string): boolean => name.endsWith('.zip') || name === exploitedFile;
  const candidates = names.map((name) => join(folder, isFeed(name) ? name : join(name, archive)));
  const found = await Promise.all(candidates.map(async (path) => ((await isFile(path)) ? [path] : [])));
  return found.flat();
};

const pathsIn = async (path: string): Promise<readonly string[]> => {
  try {
    return (await stat(path)).isDirectory() ? await inFolder(path) : [path];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([`${shownName(path)}: ${whyNot(error)}`]);
  }
};

/** What is there and cannot be judged is told, not left out in silence; a file that was named is refused. */
const judgedFile = (path: string, isNamed: boolean, tell: (line: string) => void): FeedFile | undefined => {
  if (path.endsWith('.json')) return { path, format: 'kev', ecosystem: exploitedList };
  const ecosystem = ecosystemOf(path);
  if (schemeOf(ecosystem) !== undefined) return { path, format: 'osv', ecosystem };
  const what = `${shownName(path)}: advisories about ${quote(ecosystem)} are not judged`;
  if (isNamed) throw new UsageError([`${what}; name a file <ECOSYSTEM>/${archive}, such as PyPI/${archive}`]);
  tell(what);
  return undefined;
};

const refuseTwins = (files: readonly FeedFile[]): void => {
  const first = new Map<string, string>();
  for (const { path, ecosystem } of files) {
    const twin = first.get(ecosystem);
    if (twin !== undefined)
      throw new UsageError([
        `${shownName(path)}: ${shownName(twin)} speaks of ${ecosystem} too; import one after the other, each with a --name`,
      ]);
    first.set(ecosystem, path);
  }
};

/** The files behind the paths that a command was given. */
export const findFeedFiles = async (
  given: readonly string[],
  tell: (line: string) => void,
): Promise<readonly FeedFile[]> => {
  const files: FeedFile[] = [];
  for (const root of given)
    for (const path of await pathsIn(root)) {
      const file = judgedFile(path, path === root, tell);
      if (file !== undefined) files.push(file);
    }
  refuseTwins(files);
  if (files.length > 0) return files;
  throw new UsageError([
    `${given.map(shownName).join(', ')}: no advisories; they lie in <ECOSYSTEM>/${archive}`,
  ]);
};
