/*
 * The database of apk, `lib/apk/db/installed`: a letter, a colon and a value a line, a blank line between packages. `P`
 * is the name, `V` the version, `o` the origin (the source package), `F` a folder and `R` a file in it.
 * Specification: apk-package(5), https://wiki.alpinelinux.org/wiki/Apk_spec
 */
import { ok, type Result } from '../../result.ts';
import type { Unreadable } from '../../text/unreadable.ts';
import {
  isPackageText,
  maxDatabasePackages,
  ownedPath,
  tooManyPackages,
  type PackageDatabase,
  type SystemPackage,
} from './system-package.ts';

interface Entry {
  readonly fields: Map<string, string>;
  readonly files: string[];
  folder: string;
}
const newEntry = (): Entry => ({ fields: new Map(), files: [], folder: '' });

const readLine = (entry: Entry, line: string): void => {
  const value = line.slice(2);
  const letter = line.charAt(0);
  if (letter === 'F') entry.folder = value;
  else if (letter === 'R') entry.files.push(...ownedPath(entry.folder, value));
  else if ('PVoA'.includes(letter)) entry.fields.set(letter, value);
};

const packageOf = ({ fields, files }: Entry): SystemPackage | undefined => {
  const name = fields.get('P');
  const version = fields.get('V');
  if (!isPackageText(name) || !isPackageText(version)) return undefined;
  const origin = fields.get('o');
  const architecture = fields.get('A');
  return {
    name,
    version,
    ...(isPackageText(origin) && origin !== name ? { source: { name: origin, version } } : {}),
    ...(architecture === undefined ? {} : { architecture }),
    files,
  };
};

export const readApkInstalled = (text: string): Result<PackageDatabase, Unreadable> => {
  const packages: SystemPackage[] = [];
  const unknown: string[] = [];
  let entry = newEntry();
  const take = (): void => {
    if (entry.fields.size === 0 && entry.files.length === 0) return;
    const found = packageOf(entry);
    if (found === undefined) unknown.push(entry.fields.get('P') ?? 'a package without a name');
    else packages.push(found);
    entry = newEntry();
  };
  for (const line of text.split('\n')) {
    if (line === '') take();
    else if (line.charAt(1) === ':') readLine(entry, line);
    if (packages.length + unknown.length > maxDatabasePackages) return tooManyPackages;
  }
  take();
  return ok({ packages, unknown });
};
