import { globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, attempt, bin, cache, missing, onPath, run, runnable, say } from './install-command.ts';

/** One program of a Debian package. */
export interface DebianProgram {
  readonly program: string;
  readonly package: string;
  /** Where the package puts it, `usr/bin` unless told. */
  readonly folder?: string;
  /** Programs of the same folder that it is used with; each gets its place beside it. */
  readonly beside?: readonly string[];
  /** Packages with files that it reads. */
  readonly packages?: readonly string[];
}

/**
 * Finds a program, or takes it out of Debian's package without installing it: no root is needed and no service of it is
 * started. Shared libraries that the machine lacks are unpacked beside it.
 * @throws with the one line that would help
 */
export const findOrUnpack = (wanted: DebianProgram): string => {
  const unpacked = join(bin, wanted.program);
  if (runnable(unpacked)) return unpacked;
  return onPath(wanted.program) ?? unpack(wanted);
};

const unpack = ({
  program,
  package: name,
  folder = 'usr/bin',
  beside = [],
  packages = [],
}: DebianProgram): string => {
  const programs = [...beside, program];
  const root = unpackPackages(
    [name, ...packages],
    programs.map((one) => `${folder}/${one}`),
  );
  mkdirSync(bin, { recursive: true });
  for (const one of programs)
    writeFileSync(
      join(bin, one),
      startScript(`../debian/${name}`, `${folder}/${one}`, libraryFolders(root)),
      { mode: 0o755 },
    );
  return join(bin, program);
};

/** A module for Debian's own Python, as {@link findOrUnpack} takes a program. */
export interface DebianModule {
  readonly package: string;
  /** The folder of its native part, if it has one. */
  readonly native?: string;
  /** Packages with files that it reads. */
  readonly beside?: readonly string[];
}

const pythonModules = 'usr/lib/python3/dist-packages';

/** @returns where it lies, and what Python has to have in its environment to import the module */
export const unpackPythonModule = (wanted: DebianModule) => {
  const { package: name, native, beside } = wanted;
  const unpacked = join(cache, 'debian', name);
  const isThere = entries(join(unpacked, pythonModules)).length > 0;
  const root = isThere
    ? unpacked
    : unpackPackages(
        [name, ...(beside ?? [])],
        native === undefined ? [] : [`${pythonModules}/${native}/*.so`],
      );
  const libraries = libraryFolders(root).map((folder) => join(root, folder));
  const env = { PYTHONPATH: join(root, pythonModules), LD_LIBRARY_PATH: libraries.join(':') };
  return { root, env };
};

/** Takes packages apart, and with them the libraries that binaries of theirs (paths, or globs) need. @returns where they lie */
const unpackPackages = (names: readonly [string, ...string[]], binaries: readonly string[]): string => {
  const [name] = names;
  const remedy = `apt-get install -y ${names.join(' ')}`;
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined) missing(name, remedy);
  say(`unpacking the package ${name} …`);
  const root = join(cache, 'debian', name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  if (!download(names, root)) missing(name, remedy);
  const paths = binaries.map((binary) => globSync(join(root, binary))[0] ?? '');
  const lacks = (): boolean => paths.some((path) => lacksLibraries(path, root));
  for (let layer: readonly string[] = [name]; lacks(); layer = librariesOf(layer)) {
    if (layer.length === 0 || !download(librariesOf(layer), root)) missing(name, remedy);
  }
  return root;
};

const startScript = (root: string, binary: string, libraries: readonly string[]): string => {
  const path = libraries.map((folder) => `$root/${folder}`).join(':');
  return [
    '#!/bin/sh',
    `root="$(cd "$(dirname "$0")/${root}" && pwd)"`,
    ...(path === '' ? [] : [`export LD_LIBRARY_PATH="${path}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`]),
    `exec "$root/${binary}" "$@"`,
    '',
  ].join('\n');
};

const download = (packages: readonly string[], root: string): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-deb-'));
  try {
    const fetch = (): boolean => attempt('apt-get', ['download', '-q', ...packages], folder);
    if (!fetch() && !(attempt('apt-get', ['update', '-q'], folder) && fetch())) return false;
    for (const file of readdirSync(folder)) run('dpkg-deb', ['-x', file, root], folder);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The C library stays the machine's own: it must fit the loader. */
const librariesOf = (packages: readonly string[]): string[] => {
  const names = packages.flatMap((name) =>
    [...ask('apt-cache', ['depends', name]).matchAll(/^ +\|?Depends: (lib[\w.+-]+)$/gm)].map(
      ([, library = '']) => library,
    ),
  );
  return [...new Set(names)].filter((name) => !/^libc(6|rypt1)$/.test(name));
};

const lacksLibraries = (binary: string, root: string): boolean => {
  const path = libraryFolders(root).map((folder) => join(root, folder));
  return ask('env', [`LD_LIBRARY_PATH=${path.join(':')}`, 'ldd', binary]).includes('not found');
};

const libraryFolders = (root: string): string[] =>
  ['usr/lib', 'lib'].flatMap((parent) =>
    entries(join(root, parent))
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => `${parent}/${name}`),
  );

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
