import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, bin, missing, onPath, read, run, runnable, say } from './install-command.ts';

export interface GoBuild {
  /** For people, and the name of the stamp. */
  readonly name: string;
  /** The folder of go.mod. */
  readonly module: string;
  readonly packages: readonly string[];
  /** The programs that come out of it. */
  readonly programs: readonly string[];
  /** A folder of their own, for programs that another module makes under the same names. */
  readonly folder?: string;
  readonly linkerFlags?: string;
  /** What a person who waits should know. */
  readonly remark?: string;
}

/** Builds once, and again when the module, its sources or the flags have changed. */
export const buildGo = (build: GoBuild): void => {
  const { name, module, packages, programs, folder = '', linkerFlags = '-s -w' } = build;
  const recipe = recipeOf(module, linkerFlags);
  const stamp = join(bin, `${name}.sha256`);
  const target = join(bin, folder);
  if (programs.every((program) => runnable(join(target, program))) && read(stamp) === recipe) return;
  const go = findGo();
  say(
    `building ${name}: ${programs.join(', ')} (once${build.remark === undefined ? '' : `; ${build.remark}`}) …`,
  );
  const started = Date.now();
  mkdirSync(target, { recursive: true });
  rmSync(stamp, { force: true });
  run(go, [
    'build',
    '-C',
    module,
    '-buildvcs=false',
    '-ldflags',
    linkerFlags,
    '-o',
    `${target}/`,
    ...packages,
  ]);
  writeFileSync(stamp, recipe);
  say(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`);
};

/** Where Go keeps the sources of a module that another one requires. */
export const goModuleFolder = (module: string, path: string): string =>
  ask(findGo(), ['list', '-C', module, '-m', '-f', '{{.Dir}}', path]).trim();

const recipeOf = (module: string, linkerFlags: string): string => {
  const hash = createHash('sha256')
    .update(readFileSync(join(module, 'go.mod')))
    .update(readFileSync(join(module, 'go.sum')))
    .update(linkerFlags);
  const sources = readdirSync(module, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.go'),
  );
  for (const file of sources.sort()) hash.update(readFileSync(join(module, file)));
  return hash.digest('hex');
};

/** Any Go that fetches the release that go.mod asks for, which is 1.21 and newer. */
const findGo = (): string => {
  const go = onPath('go') ?? '/usr/local/go/bin/go';
  const version = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout ?? '';
  const [, minor = '0'] = version.match(/^go1\.(\d+)/) ?? [];
  if (Number(minor) >= 21) return go;
  const archive = `https://go.dev/dl/go1.26.0.${process.platform}-${process.arch.replace('x64', 'amd64')}.tar.gz`;
  return missing('Go 1.21 or newer to build its real parts', `curl -fsSL ${archive} | tar -C /usr/local -xz`);
};
