/*
 * The database of dpkg: `var/lib/dpkg/status`, or one file a package in `status.d` (distroless), and the lists of files in
 * `info/*.list` or `status.d/*.md5sums`.
 * Specification: deb-control(5), dpkg-query(1) for the states.
 */
import { ok, type Result } from '../../result.ts';
import type { Unreadable } from '../../text/unreadable.ts';
import { controlParagraphs, type ControlFields } from '../control-fields.ts';
import {
  isPackageText,
  maxDatabasePackages,
  relativePath,
  tooManyPackages,
  type PackageDatabase,
  type SystemPackage,
} from './system-package.ts';

const wanted = new Set(['package', 'version', 'status', 'source', 'architecture']);

/** States in which no file of the package lies there. In all others, half-installed among them, code of it may run. */
const absentStates = ['not-installed', 'config-files'];

/** `Status: install ok installed`. Distroless writes no status: what it lists is there. */
const isThere = (status: string | undefined): boolean =>
  status === undefined || !absentStates.includes(status.split(' ').at(-1) ?? '');

/** `glibc (2.36-9)`, or the name alone when the version is that of the package. */
const sourceOf = (
  text: string | undefined,
  own: { readonly name: string; readonly version: string },
): Pick<SystemPackage, 'source'> => {
  if (text === undefined || text === '') return {};
  const open = text.indexOf('(');
  const name = (open < 0 ? text : text.slice(0, open)).trim();
  const close = text.indexOf(')', open);
  const version = open < 0 || close < 0 ? own.version : text.slice(open + 1, close).trim();
  return name === own.name && version === own.version ? {} : { source: { name, version } };
};

const packageOf = (fields: ControlFields): SystemPackage | undefined => {
  const name = fields.get('package');
  const version = fields.get('version');
  if (!isPackageText(name) || !isPackageText(version)) return undefined;
  const architecture = fields.get('architecture');
  const source = sourceOf(fields.get('source'), { name, version });
  if (
    source.source !== undefined &&
    !(isPackageText(source.source.name) && isPackageText(source.source.version))
  )
    return undefined;
  return { name, version, ...source, ...(architecture === undefined ? {} : { architecture }) };
};

/** Only what is installed, or was on the way to be (V11): other entries are what is left of removed packages. */
export const readDpkgStatus = (text: string): Result<PackageDatabase, Unreadable> => {
  const packages: SystemPackage[] = [];
  const unknown: string[] = [];
  for (const fields of controlParagraphs(text, wanted)) {
    if (!isThere(fields.get('status'))) continue;
    if (packages.length + unknown.length >= maxDatabasePackages) return tooManyPackages;
    const found = packageOf(fields);
    if (found === undefined) unknown.push(fields.get('package') ?? 'a package without a name');
    else packages.push(found);
  }
  return ok({ packages, unknown });
};

const infoFolder = 'var/lib/dpkg/info/';
const statusFolder = 'var/lib/dpkg/status.d/';

/** The package whose files a file of the database lists: `var/lib/dpkg/info/libc6:amd64.list` is `libc6`. */
export const dpkgListOwner = (path: string): string | undefined => {
  if (path.startsWith(infoFolder) && path.endsWith('.list'))
    return path.slice(infoFolder.length, -'.list'.length).split(':')[0];
  if (path.startsWith(statusFolder) && path.endsWith('.md5sums'))
    return path.slice(statusFolder.length, -'.md5sums'.length);
  return undefined;
};

const md5Length = 32;
/** A path a line; in `md5sums` behind a hash and two spaces. */
export const readDpkgList = (text: string, path: string): readonly string[] => {
  const from = path.endsWith('.md5sums') ? md5Length : 0;
  return text
    .split('\n')
    .map((line) => relativePath(line.slice(from).trim()))
    .filter((file) => file !== '' && file !== '.');
};
