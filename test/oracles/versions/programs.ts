import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { VersionScheme } from '../../../src/core/vulnerability/ecosystem.ts';
import { ask, bin, missing, onPath } from '../../e2e/harness/install-command.ts';
import { unpackPythonModule, type DebianModule } from '../../e2e/harness/install-debian.ts';
import { buildGo } from '../../e2e/harness/install-go.ts';
import type { VersionPair } from './draw.ts';

/** Somebody else's order of versions. */
export interface VersionProgram {
  /** Name and version. */
  readonly name: string;
  /** A sign a pair: `<`, `=`, `>`, or `?` when it can not read one of the two. */
  readonly answers: string;
}
type Program = (pairs: readonly VersionPair[]) => VersionProgram;

const here = import.meta.dirname;
const linesOf = (pairs: readonly VersionPair[]): string =>
  pairs.map(([one, other]) => `${one}\t${other}\n`).join('');

const runWith = (
  pairs: readonly VersionPair[],
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    input: linesOf(pairs),
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
};

const askDpkg: Program = (pairs) => {
  const [, version = ''] = /version (\S+)/.exec(ask('dpkg', ['--version'])) ?? [];
  return { name: `dpkg ${version}`, answers: runWith(pairs, ['sh', join(here, 'compare-deb.sh')]) };
};

/** Debian's own Python: modules of its packages fit no other. */
const askPython =
  (name: string, wanted: DebianModule): Program =>
  (pairs) => {
    const { root, env: modules } = unpackPythonModule(wanted);
    const env = { ...modules, RPM_CONFIGDIR: join(root, 'usr/lib/rpm') };
    const said = runWith(pairs, ['/usr/bin/python3', join(here, 'compare.py'), name], env);
    const [version = '', answers = ''] = said.split('\n');
    return { name: `${wanted.package} ${version}`, answers };
  };

const module = join(here, '../../e2e/tools-versions');
const askGo =
  (name: string, path: string): Program =>
  (pairs) => {
    buildGo({ name: 'versions', module, packages: ['./go-versions'], programs: ['go-versions'] });
    const required = readFileSync(join(module, 'go.mod'), 'utf8').split('\n');
    return {
      name: required.find((line) => line.trim().startsWith(path))?.trim() ?? path,
      answers: runWith(pairs, [join(bin, 'go-versions'), name]),
    };
  };

interface NodeSemver {
  readonly valid: (version: string, loose: boolean) => string | null;
  readonly compare: (one: string, other: string, loose: boolean) => -1 | 0 | 1;
}
/** The copy that npm itself runs with. */
const askNpm: Program = (pairs) => {
  const load = createRequire(realpathSync(onPath('npm') ?? missing('npm', 'apt-get install -y npm')));
  const semver = load('semver') as NodeSemver;
  const { version } = load('semver/package.json') as { readonly version: string };
  const signs = pairs.map((pair) =>
    pair.some((text) => semver.valid(text, true) === null) ? '?' : '<=>'[semver.compare(...pair, true) + 1],
  );
  return { name: `semver ${version}`, answers: signs.join('') };
};

/** x/mod wants a `v` in front. */
const askSemver: Program = (pairs) =>
  askGo('go', 'golang.org/x/mod')(pairs.map(([one, other]) => [`v${one}`, `v${other}`]));

export const versionPrograms: Readonly<Record<VersionScheme, Program>> = {
  deb: askDpkg,
  apk: askGo('apk', 'github.com/knqyf263/go-apk-version'),
  rpm: askPython('rpm', { package: 'python3-rpm', native: 'rpm', beside: ['rpm-common'] }),
  semver: askSemver,
  npm: askNpm,
  pep440: askPython('pep440', { package: 'python3-packaging' }),
  go: askGo('go', 'golang.org/x/mod'),
};
