import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { PolicyFileProblem } from '../../core/policy/load/document.ts';
import { fileErrorCode } from '../../files/file-problem.ts';
import { fileVersion } from '../../files/regular-file.ts';
import { isSkippedName } from '../../files/skipped-name.ts';

/** Bounds of one policy set, as in docs/policy.md. */
const scanLimits = { depth: 8, files: 1000, entries: 10_000 } as const;
/** Files of one folder that are looked at together. */
const maxParallelLooks = 16;

/** A file of the set. `shown` is its name in messages, `name` its path below the path that was given. */
export interface ScannedFile {
  readonly shown: string;
  readonly name: string;
  /** Where it is when all links are followed. */
  readonly real: string;
  /** The same for the folder that was given; absent for a file that was given by its own name. */
  readonly folder?: string;
  /** When it was last written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

/** The files under the given paths at one moment. */
export interface Scan {
  readonly files: readonly ScannedFile[];
  /** Directories whose events hint at a change. */
  readonly directories: readonly string[];
  readonly problems: readonly PolicyFileProblem[];
  /** Differs when anything was written, renamed, added or removed, or a link leads elsewhere. */
  readonly fingerprint: string;
}

interface Walk {
  readonly files: ScannedFile[];
  readonly directories: string[];
  readonly problems: PolicyFileProblem[];
  readonly marks: string[];
  /** Real paths: each file and directory counts once, so a loop of links ends. */
  readonly seen: Set<string>;
  entries: number;
}

interface Place extends Pick<ScannedFile, 'shown' | 'name' | 'folder'> {
  readonly depth: number;
}

/** `*.jsonl` holds roots that a TrustRoot may name, and never policies. */
const isPolicyFile = (name: string): boolean => /\.(?:ya?ml|jsonl?)$/.test(name);

/** What is said of a pipe or device. */
export const notRegular = 'is neither a file nor a folder';

/** The system's error in words. */
export const whyUnreadable = (error: unknown): string => {
  const code = fileErrorCode(error) ?? String(error);
  if (code === 'ENOENT') return 'there is no such file or folder; check the path';
  return code === 'EACCES' ? 'cannot be read: its permissions do not allow it' : `cannot be read (${code})`;
};

const addFile = (walk: Walk, file: ScannedFile): void => {
  if (walk.files.length < scanLimits.files) {
    walk.files.push(file);
  } else if (walk.files.length === scanLimits.files) {
    const message = `is one file too many: a policy set has at most ${scanLimits.files}`;
    walk.problems.push({ file: file.shown, message });
  }
};

const addPolicyFile = (walk: Walk, place: Place, real: string, found: BigIntStats): void => {
  walk.marks.push(`${place.shown} ${real} ${fileVersion(found)}`);
  const { depth: _, ...file } = place;
  addFile(walk, { ...file, real, writtenAt: Number(found.mtimeMs) });
};

/**
 * What the folder itself says of its policy files, many at a time. A file that is no link is where it seems to be: its
 * links need not be followed, which took as long again.
 * @returns `undefined` in place of a folder, a link, and what could not be looked at
 */
const lookAtFiles = (
  place: Place,
  entries: readonly Dirent[],
): Promise<readonly (BigIntStats | undefined)[]> =>
  mapLimit(entries, maxParallelLooks, async (entry) => {
    if (!entry.isFile()) return undefined;
    const found = await lstat(join(place.shown, entry.name), { bigint: true }).catch(() => undefined);
    return found?.isFile() === true ? found : undefined;
  });

const walkDirectory = async (walk: Walk, place: Place, real: string): Promise<void> => {
  if (place.depth > scanLimits.depth) {
    walk.problems.push({
      file: place.shown,
      message: `is nested more than ${scanLimits.depth} directories deep`,
    });
    return;
  }
  walk.directories.push(place.shown);
  const all = await readdir(place.shown, { withFileTypes: true });
  const named = all.filter(({ name }) => !isSkippedName(name));
  walk.entries += named.length;
  if (walk.entries > scanLimits.entries) {
    walk.problems.push({ file: place.shown, message: `holds more than ${scanLimits.entries} entries` });
    return;
  }
  const entries = named
    .filter((entry) => !entry.isFile() || isPolicyFile(entry.name))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const looks = await lookAtFiles(place, entries);
  for (const [at, { name }] of entries.entries()) {
    const { shown, folder = real, depth } = place;
    const inner: Place = {
      shown: join(shown, name),
      name: place.name === '' ? name : `${place.name}/${name}`,
      folder,
      depth: depth + 1,
    };
    const found = looks[at];
    const own = join(real, name);
    if (found === undefined) await visit(walk, inner);
    else if (!walk.seen.has(own)) {
      walk.seen.add(own);
      addPolicyFile(walk, inner, own, found);
    }
  }
};

const visit = async (walk: Walk, place: Place): Promise<void> => {
  try {
    const real = await realpath(place.shown);
    if (walk.seen.has(real)) return;
    walk.seen.add(real);
    const found = await stat(real, { bigint: true });
    if (found.isDirectory()) {
      walk.marks.push(`${place.shown} ${real}`);
      await walkDirectory(walk, place, real);
    } else if (place.depth === 0 && !found.isFile()) {
      walk.problems.push({ file: place.shown, message: notRegular });
    } else if (place.depth === 0 || (found.isFile() && isPolicyFile(place.name))) {
      addPolicyFile(walk, place, real, found);
    }
  } catch (error) {
    // Below a directory only policy files matter, so a dangling link of another name is skipped.
    if (place.depth > 0 && fileErrorCode(error) === 'ENOENT' && !isPolicyFile(place.name)) return;
    walk.problems.push({ file: place.shown, message: whyUnreadable(error) });
  }
};

/**
 * Finds the policy files under the given files and directories: `*.yaml`, `*.yml`, `*.json` and `*.jsonl`, recursively, no
 * dot names, links followed. A file that is given by its own name counts whatever it is called.
 */
export const scanPaths = async (paths: readonly string[]): Promise<Scan> => {
  const walk: Walk = { files: [], directories: [], problems: [], marks: [], seen: new Set(), entries: 0 };
  for (const path of paths) {
    const before = walk.directories.length;
    await visit(walk, { shown: path, name: '', depth: 0 });
    // For a file, or a path that does not exist yet, the parent directory is watched.
    if (walk.directories.length === before) walk.directories.push(dirname(path));
  }
  const problems = walk.problems.map(({ file, message }) => `${file} ${message}`);
  return {
    files: walk.files.map((file) => ({ ...file, name: file.name === '' ? basename(file.shown) : file.name })),
    directories: [...new Set(walk.directories)],
    problems: walk.problems,
    fingerprint: [...walk.marks, ...problems].join('\n'),
  };
};
