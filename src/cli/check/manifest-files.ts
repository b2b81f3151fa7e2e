import type { Dirent } from 'node:fs';
import { opendir, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob, relative } from 'node:path';
import { whyNot } from '../../files/file-problem.ts';
import { isSkippedName } from '../../files/skipped-name.ts';
import { shown } from '../../core/text/shown-text.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

const deepestFolder = 32;
/** How many entries of a skipped folder are checked to decide whether it needs a remark. */
const maxLeftOut = 1_000;

/** kustomize also reads a file that is called `Kustomization`. */
const isManifest = (name: string): boolean => /\.(?:ya?ml|json)$/i.test(name) || name === 'Kustomization';

/**
 * Folders that need no remark: `.git`, and the data folder of a mounted ConfigMap, whose files are reached by links.
 */
const isNeverManifests = async (folder: string, name: string): Promise<boolean> =>
  name === '.git' ||
  (name.startsWith('..') && (await readlink(join(folder, '..data')).catch(() => undefined)) === name);

/** A file of the input. */
export interface ManifestFile {
  readonly path: string;
  /** The folder that was named, or the folder of a named file. Nothing outside of it is written. */
  readonly folder: string;
  /** Whether the user named the file itself. */
  readonly named: boolean;
}

interface ManifestFiles {
  readonly files: readonly ManifestFile[];
  /** Files in folders that cannot be read. The others are judged. */
  readonly problems: readonly string[];
}

interface Walk {
  readonly folder: string;
  readonly excludes: (path: string) => boolean;
  readonly files: ManifestFile[];
  readonly problems: string[];
  /** Skipped entries, with what each is. */
  readonly passedOver: string[];
}

/** Whether a file in a folder is a pipe or device, which could block for good. The user can name it with -f. */
const isTrap = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  // Folders and files that cannot be read are reported when they are read.
  return found !== undefined && !found.isFile() && !found.isDirectory();
};

/** True also when the folder has too many entries to check: a large folder must not be skipped in silence. */
const mayHoldManifest = async (folder: string): Promise<boolean> => {
  let left = maxLeftOut;
  try {
    for await (const entry of await opendir(folder, { recursive: true })) {
      if (left-- === 0 || (!entry.isDirectory() && isManifest(entry.name))) return true;
    }
  } catch {
    // A skipped folder need not be readable.
  }
  return false;
};

/** A link to a folder outside of the folder that is read. kubectl does not follow it, other tools do. */
const leadsOut = async (walk: Walk, path: string): Promise<boolean> => {
  try {
    if (!(await stat(path)).isDirectory()) return false;
    const way = relative(await realpath(walk.folder), await realpath(path));
    return way.startsWith('..');
  } catch {
    // A dangling link brings no manifests.
    return false;
  }
};

const addFile = async (walk: Walk, path: string, entry: Dirent): Promise<void> => {
  // Only what the folder does not call a file is looked at: a look at each costs more than its name.
  if (!entry.isFile() && (await isTrap(path)))
    walk.problems.push(shown(`cannot read ${path}: it is no regular file; remove it, or name it with -f`));
  else walk.files.push({ path, folder: walk.folder, named: false });
};

const walkFolder = async (walk: Walk, folder: string, depth: number): Promise<void> => {
  if (depth > deepestFolder) {
    walk.problems.push(shown(`${folder}: folders are nested more than ${deepestFolder} deep`));
    return;
  }
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    walk.problems.push(shown(`cannot read ${folder}: ${whyNot(error)}`));
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const isRead = entry.isDirectory() || isManifest(entry.name);
    if ((!isRead && !entry.isSymbolicLink()) || walk.excludes(path)) continue;
    if (entry.isDirectory()) await addFolder(walk, folder, entry.name, depth);
    // kubectl reads hidden files too, so they are judged.
    else if (isRead) await addFile(walk, path, entry);
    else if ((await leadsOut(walk, path)) && (await mayHoldManifest(path)))
      walk.passedOver.push(`${path}: link to a folder`);
  }
};

const addFolder = async (walk: Walk, folder: string, name: string, depth: number): Promise<void> => {
  const path = join(folder, name);
  if (!isSkippedName(name)) return walkFolder(walk, path, depth + 1);
  // `kubectl -R` reads such a folder, so one that may hold manifests gets a remark.
  if (!(await isNeverManifests(folder, name)) && (await mayHoldManifest(path)))
    walk.passedOver.push(`${path}: ${name.startsWith('.') ? 'hidden ' : ''}folder`);
};

/** Files that `--exclude` leaves out of folders. A file that is named with -f is never left out. */
interface Exclusion {
  readonly excludes: (folder: string, path: string) => boolean;
  /** Globs that left nothing out: probably a mistake, which the user would not see otherwise. */
  readonly unused: () => readonly string[];
}

/** Globs are compared with the path below the named folder, the whole path and, if they hold no slash, the name. */
const createExclusion = (globs: readonly string[]): Exclusion => {
  const used = new Set<string>();
  const matches = (glob: string, names: readonly string[]): boolean => {
    const plain = glob.replace(/^\.\//, '').replace(/\/$/, '');
    const compared = plain.includes('/') ? names.slice(0, 2) : names;
    const hit = compared.some((name) => matchesGlob(name, plain));
    if (hit) used.add(glob);
    return hit;
  };
  return {
    excludes: (folder, path) => {
      const names = [relative(folder, path), path, basename(path)];
      return globs.some((glob) => matches(glob, names));
    },
    unused: () => globs.filter((glob) => !used.has(glob)),
  };
};

/** The file itself, or every manifest below a folder in the order of names. Hidden folders are skipped. */
const filesOf = async (path: string, exclusion: Exclusion, terminal: Terminal): Promise<ManifestFiles> => {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw new UsageError([shown(`cannot read ${path}: ${whyNot(error)}`)]);
  }
  if (!isFolder) return { files: [{ path, folder: dirname(path), named: true }], problems: [] };
  const walk: Walk = {
    folder: path,
    excludes: (found) => exclusion.excludes(path, found),
    files: [],
    problems: [],
    passedOver: [],
  };
  await walkFolder(walk, path, 0);
  for (const what of walk.passedOver)
    terminal.talk(shown(`${what} left out; name it with -f to have it judged`));
  if (walk.files.length === 0 && walk.problems.length === 0)
    throw new UsageError([shown(`${path}: holds no .yaml, .yml or .json file`)]);
  return walk;
};

/** Every file behind the paths of `-f`, in the order given, each once; `-` is not among them. */
export const findManifests = async (
  paths: Iterable<string>,
  exclude: readonly string[],
  terminal: Terminal,
): Promise<ReadonlyMap<string, ManifestFiles>> => {
  const exclusion = createExclusion(exclude);
  const found = new Map<string, ManifestFiles>();
  for (const path of paths) if (path !== '-') found.set(path, await filesOf(path, exclusion, terminal));
  for (const glob of exclusion.unused())
    terminal.talk(
      shown(`--exclude ${glob}: leaves nothing out; it is compared with paths below the folder of -f`),
    );
  return found;
};
