import { ok, type Result } from '../result.ts';
import { tooMuch, type Unreadable } from '../text/unreadable.ts';
import type { ChooseFile, FileReader } from '../layer/layer-reader.ts';
import { textOfBytes } from '../layer/tar/byte-text.ts';
import type { TarEntry } from '../layer/tar/tar-entry.ts';
import { readApkInstalled } from './system/apk.ts';
import { dpkgListOwner, readDpkgStatus } from './system/dpkg.ts';
import { collectFile, namedFile, refusedFile } from './file-collector.ts';
import type { CatalogedFile, PackageManager } from './cataloged-file.ts';
import { noPackages, type LanguagePackages } from './language/language-package.ts';
import { npmFolderName, readNpmPackage } from './language/npm.ts';
import { readOsRelease } from './system/os-release.ts';
import { isProgramHead } from './program/elf.ts';
import { createProgramReader } from './program/program-reader.ts';
import { pythonFolderName, readPythonMetadata } from './language/python.ts';
import { readRpmDatabase } from './system/rpm.ts';
import type { PackageDatabase } from './system/system-package.ts';
import { unsupportedForm } from './language/unsupported.ts';

/** `etc/os-release` counts before the other one, which it usually links to. */
export const osReleasePaths = ['etc/os-release', 'usr/lib/os-release'] as const;

const rpmFolders = ['var/lib/rpm/', 'usr/lib/sysimage/rpm/', 'usr/share/rpm/'];
/** Where the databases lie. dpkg has a folder `status.d` beside its own. */
export const databasePaths: readonly (readonly [path: string, manager: PackageManager])[] = [
  ['var/lib/dpkg/status', 'dpkg'],
  ['lib/apk/db/installed', 'apk'],
  ['usr/lib/apk/db/installed', 'apk'],
  // What a database has not yet taken over stands in a log beside it; older forms are no SQLite.
  ...rpmFolders.flatMap((folder) =>
    ['rpmdb.sqlite', 'rpmdb.sqlite-wal', 'Packages.db', 'Packages'].map(
      (name): readonly [string, PackageManager] => [`${folder}${name}`, 'rpm'],
    ),
  ),
];
export const dpkgFolder = 'var/lib/dpkg/status.d/';

const managers: ReadonlyMap<string, PackageManager> = new Map(databasePaths);

/** Databases of large systems: texts of 10 MB, and 60 MB of rpm. A text stands in memory twice while it is read. */
export const maxDatabaseBytes: Readonly<Record<PackageManager, number>> = {
  dpkg: 25_165_824,
  apk: 25_165_824,
  rpm: 100_663_296,
};
const maxListBytes = 4_194_304;
/** JSON takes many times its length while it is parsed. Longer ones are a gap: no version is known. */
export const maxNpmBytes = 1_048_576;
/** Headers of metadata come before the text for people. */
const maxHeaderBytes = 65_536;

type ReadDatabase = (bytes: Uint8Array) => Result<PackageDatabase, Unreadable>;
const readers: Readonly<Record<PackageManager, ReadDatabase>> = {
  dpkg: (bytes) => readDpkgStatus(textOfBytes(bytes)),
  apk: (bytes) => readApkInstalled(textOfBytes(bytes)),
  rpm: readRpmDatabase,
};

/** A damaged database is a gap; one over a limit makes its layer unreadable. */
const readDatabase = (manager: PackageManager, bytes: Uint8Array): Result<CatalogedFile, Unreadable> => {
  const database = readers[manager](bytes);
  if (database.ok) return ok({ kind: 'database', manager, database: database.value });
  if (database.error.kind === 'limit') return database;
  return ok({ kind: 'unreadable-database', manager, why: database.error.why });
};

export const isDatabasePath = (path: string): boolean => managers.has(path);
const managerAt = (path: string): PackageManager | undefined =>
  path.startsWith(dpkgFolder) && !path.endsWith('.md5sums') ? 'dpkg' : managers.get(path);

const chooseDatabase = (path: string, { size }: TarEntry): FileReader<CatalogedFile> | undefined => {
  const manager = managerAt(path);
  if (manager === undefined) return undefined;
  if (manager === 'rpm' && !path.endsWith('.sqlite')) {
    // An empty log is what is left when everything was taken over.
    if (size === 0) return undefined;
    return namedFile({ kind: 'unreadable-database', manager, why: `${path} is in a form that is not read` });
  }
  const most = maxDatabaseBytes[manager];
  if (size > most) return refusedFile(tooMuch(`its package database ${path} is longer than ${most} bytes`));
  return collectFile<CatalogedFile>(size, most, (bytes) =>
    isProgramHead(bytes)
      ? ok({ kind: 'unreadable-database', manager, why: `${path} is a program` })
      : readDatabase(manager, bytes),
  );
};

const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

const languageFile = (
  size: number,
  { most, folder }: { readonly most: number; readonly folder: string },
  read: (text: string, isWhole: boolean) => LanguagePackages,
): FileReader<CatalogedFile> =>
  collectFile<CatalogedFile>(size, most, (bytes, isWhole) =>
    ok({ kind: 'language', folder, packages: read(textOfBytes(bytes), isWhole) }),
  );

const chooseLanguage = (path: string, { size }: TarEntry): FileReader<CatalogedFile> | undefined => {
  const npm = npmFolderName(path);
  const folder = folderOf(path);
  if (npm !== undefined)
    return languageFile(size, { most: maxNpmBytes, folder }, (text, isWhole) =>
      isWhole ? readNpmPackage(text, npm) : { ...noPackages, unknown: [npm] },
    );
  const python = pythonFolderName(path);
  if (python === undefined) return undefined;
  // The code lies beside the folder of the metadata.
  const site = path.endsWith('.egg-info') ? folder : folderOf(folder);
  return languageFile(size, { most: maxHeaderBytes, folder: site }, (text) =>
    readPythonMetadata(text, python),
  );
};

const chooseDescribed = (path: string, { size }: TarEntry): FileReader<CatalogedFile> | undefined => {
  if (osReleasePaths.some((one) => one === path))
    return collectFile<CatalogedFile>(size, maxHeaderBytes, (bytes) => {
      const distribution = readOsRelease(textOfBytes(bytes));
      return ok({ kind: 'os-release', ...(distribution === undefined ? {} : { distribution }) });
    });
  const owner = dpkgListOwner(path);
  if (owner !== undefined)
    return collectFile<CatalogedFile>(size, maxListBytes, (bytes) =>
      ok({ kind: 'file-list', owner, text: textOfBytes(bytes) }),
    );
  return undefined;
};

const chooseUnsupported = (path: string): FileReader<CatalogedFile> | undefined => {
  const form = unsupportedForm(path);
  return form === undefined ? undefined : namedFile({ kind: 'unsupported', form });
};

/** What a path alone says of a file; the same order as that of {@link chooseFileOf}. An empty log of rpm is nothing at any path. */
const kindAt = (path: string): CatalogedFile['kind'] | undefined => {
  const manager = managerAt(path);
  if (manager !== undefined) return manager === 'rpm' && !path.endsWith('.sqlite') ? undefined : 'database';
  if (npmFolderName(path) !== undefined || pythonFolderName(path) !== undefined) return 'language';
  if (osReleasePaths.some((one) => one === path)) return 'os-release';
  if (dpkgListOwner(path) !== undefined) return 'file-list';
  return unsupportedForm(path) === undefined ? undefined : 'unsupported';
};

/** Nobody takes a program for one of these; where they are missing an image runs all the same, and no gap tells of it. */
const mayBeProgram: ReadonlySet<CatalogedFile['kind']> = new Set(['language', 'os-release', 'file-list']);

/**
 * Whether a file was read as what lies at a path. Attack: give a package database another name first, and a hard link at its
 * place. Only the first name of a file says how it is read (V4).
 */
export const isReadAs = (path: string, found: CatalogedFile | undefined): boolean => {
  const kind = kindAt(path);
  if (kind === 'database' && found?.kind === 'unreadable-database') return true;
  return kind === undefined || kind === found?.kind || (mayBeProgram.has(kind) && found?.kind === 'program');
};

/** Any other file may be a program: only its first bytes tell. */
const chooseProgram = (size: number): FileReader<CatalogedFile> => {
  const reader = createProgramReader(size);
  return {
    body: reader.body,
    found: () => {
      const program = reader.found();
      if (!program.ok) return program;
      return ok(program.value && { kind: 'program', program: program.value });
    },
  };
};

/** Attack: run a program under the name of a list of files, and nobody looks for what it was built from. */
const orProgram = (
  named: FileReader<CatalogedFile> | undefined,
  size: number,
): FileReader<CatalogedFile> | undefined => {
  if (named === undefined) return undefined;
  const program = chooseProgram(size);
  const both = [named.body, program.body];
  return {
    body: {
      write: (chunk) => both.forEach((body) => body.write(chunk)),
      hole: (length) => both.forEach((body) => body.hole(length)),
      end: () => both.forEach((body) => body.end()),
    },
    found: () => {
      const found = program.found();
      return found.ok && found.value === undefined ? named.found() : found;
    },
  };
};

/**
 * What reads a file of a layer: by its path, else by its first bytes.
 * @param links files that another path leads to, by their number: they are read as what lies at that path (V4)
 */
export const chooseFileOf =
  (links: ReadonlyMap<number, string> = new Map()): ChooseFile<CatalogedFile> =>
  (written, entry, number) => {
    const path = links.get(number) ?? written;
    return (
      chooseDatabase(path, entry) ??
      orProgram(chooseLanguage(path, entry) ?? chooseDescribed(path, entry), entry.size) ??
      chooseUnsupported(path) ??
      chooseProgram(entry.size)
    );
  };
