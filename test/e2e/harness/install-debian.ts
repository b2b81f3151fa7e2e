import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, attempt, bin, cache, missing, onPath, run, runnable, say } from './install-command.ts';

/** One program of a Debian package. */
export interface DebianProgram {
  readonly program: string;
  readonly package: string;
  /** Where the package puts it, `usr/bin` unless told. */
  readonly folder?: string;
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

const unpack = ({ program, package: name, folder = 'usr/bin' }: DebianProgram): string => {
  const remedy = `apt-get install -y ${name}`;
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined) missing(program, remedy);
  say(`unpacking ${program} from the package ${name} …`);
  const root = join(cache, 'debian', name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  if (!download([name], root)) missing(program, remedy);
  const binary = join(root, folder, program);
  for (let layer = [name]; lacksLibraries(binary, root); layer = librariesOf(layer)) {
    if (layer.length === 0 || !download(librariesOf(layer), root)) missing(program, remedy);
  }
  mkdirSync(bin, { recursive: true });
  const wrapper = join(bin, program);
  writeFileSync(wrapper, startScript(`../debian/${name}`, `${folder}/${program}`, libraryFolders(root)), {
    mode: 0o755,
  });
  return wrapper;
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
