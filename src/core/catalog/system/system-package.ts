import { tooMuch, type Failed } from '../../text/unreadable.ts';

/** A package as the database of a system lists it; which distribution that is, the database does not say. */
export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  /** What it was built from; absent: a package of the same name and version. */
  readonly source?: { readonly name: string; readonly version: string };
  readonly architecture?: string;
  /** The label of a modular rpm. */
  readonly module?: string;
  /** Paths of its files, without a slash at their beginning; absent: the database keeps them elsewhere. */
  readonly files?: readonly string[];
}

/** What one file of a package database says. */
export interface PackageDatabase {
  readonly packages: readonly SystemPackage[];
  /** What is listed without a version, or in a way that cannot be read: names for people. */
  readonly unknown: readonly string[];
}

/** Large systems have five thousand packages; a database of a few megabytes can list a million. */
export const maxDatabasePackages = 100_000;
export const tooManyPackages: Failed = tooMuch(`it lists more than ${maxDatabasePackages} packages`);

/** Names and versions of packages are short; a stranger's need not be. */
export const maxPackageText = 1024;
export const isPackageText = (text: string | undefined): text is string =>
  text !== undefined && text !== '' && text.length <= maxPackageText;

/** A path of a database as the overlay writes it: without a slash or `./` at its beginning. */
export const relativePath = (path: string): string => {
  let at = 0;
  while (path.startsWith('/', at) || path.startsWith('./', at)) at += path.startsWith('/', at) ? 1 : 2;
  return at === 0 ? path : path.slice(at);
};

/** The longest path that Linux takes; a folder of a stranger, before each of a million names, need not be one. */
const maxPathLength = 4096;

/** A file of a package, as a list of one; an empty list when no system can have it. */
export const ownedPath = (folder: string, name: string): readonly string[] => {
  const length = folder.length + name.length + 1;
  if (name === '' || length > maxPathLength) return [];
  return [relativePath(folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`)];
};
