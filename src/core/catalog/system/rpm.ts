/*
 * The database of rpm in its SQLite form, `rpmdb.sqlite`: a table `Packages` with a header of rpm a row.
 */
import { ok, type Result } from '../../result.ts';
import { tooMuch, type Unreadable } from '../../text/unreadable.ts';
import { readRpmHeader, rpmNumbers, rpmTexts, type RpmHeader } from './rpm-header.ts';
import { readSqliteTable } from './sqlite.ts';
import {
  isPackageText,
  maxDatabasePackages,
  maxPackageText,
  ownedPath,
  type PackageDatabase,
  type SystemPackage,
} from './system-package.ts';

/** https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmtag.h */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  architecture: 1022,
  sourceRpm: 1044,
  folderIndexes: 1116,
  baseNames: 1117,
  folders: 1118,
  modularityLabel: 5096,
};

/** Keys that packages are verified with stand in the database as if they were packages. */
const publicKey = 'gpg-pubkey';

const textOf = (header: RpmHeader, tag: number): string | undefined => rpmTexts(header, tag)?.[0];

/** `bash-5.1.8-9.el9.src.rpm`: the last two hyphens part version and release. */
const sourceOf = (name: string | undefined): SystemPackage['source'] => {
  const ending = ['.src.rpm', '.nosrc.rpm'].find((one) => name?.endsWith(one));
  if (name === undefined || ending === undefined) return undefined;
  const parts = name.slice(0, -ending.length).split('-');
  const version = parts.splice(-2).join('-');
  const source = { name: parts.join('-'), version };
  return isPackageText(source.name) && isPackageText(version) ? source : undefined;
};

const filesOf = (header: RpmHeader): readonly string[] => {
  const names = rpmTexts(header, tags.baseNames) ?? [];
  const folders = rpmTexts(header, tags.folders) ?? [];
  const indexes = rpmNumbers(header, tags.folderIndexes) ?? [];
  return names.flatMap((name, at) => ownedPath(folders[indexes[at] ?? -1] ?? '', name));
};

const packageOf = (header: RpmHeader): SystemPackage | undefined => {
  const [name, version, release] = [tags.name, tags.version, tags.release].map((tag) => textOf(header, tag));
  if (!isPackageText(name) || !isPackageText(version) || !isPackageText(release)) return undefined;
  const epoch = rpmNumbers(header, tags.epoch)?.[0] ?? 0;
  const source = sourceOf(textOf(header, tags.sourceRpm));
  const architecture = textOf(header, tags.architecture);
  const label = textOf(header, tags.modularityLabel);
  return {
    name,
    version: `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`,
    ...(source === undefined ? {} : { source }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(isPackageText(label) ? { module: label } : {}),
    files: filesOf(header),
  };
};

/** Characters of all packages and their files, and what each text takes besides. A large system has a third of them. */
const maxTexts = 50_331_648;
const textCost = 32;
const costOf = ({ name, version, source, module = '', files = [] }: SystemPackage): number => {
  const own = [name, version, source?.name ?? '', source?.version ?? '', module];
  return [...own, ...files].reduce((sum, text) => sum + text.length + textCost, 0);
};

export const readRpmDatabase = (bytes: Uint8Array): Result<PackageDatabase, Unreadable> => {
  const packages: SystemPackage[] = [];
  const unknown: string[] = [];
  let left = maxTexts;
  const read = readSqliteTable(bytes, 'Packages', maxDatabasePackages, (row) => {
    const blob = row.find((value) => value instanceof Uint8Array);
    const header = blob && readRpmHeader(blob);
    const name = header && textOf(header, tags.name);
    if (name === publicKey) return ok(undefined);
    const found = header && packageOf(header);
    if (found === undefined)
      unknown.push((name ?? 'a package whose header cannot be read').slice(0, maxPackageText));
    else packages.push(found);
    left -= found === undefined ? maxPackageText : costOf(found);
    return left < 0
      ? tooMuch('the names of its packages and their files take too much memory')
      : ok(undefined);
  });
  return read.ok ? ok({ packages, unknown }) : read;
};
