import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where the real parts lie. */
export interface Parts {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly kubectl: string;
}

const HERE = import.meta.dirname;
const TOOLS = join(HERE, 'tools');
const BIN = join(HERE, '.cache', 'bin');
const BUILT = ['kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
export const KUBERNETES = readFileSync(join(TOOLS, 'go.mod'), 'utf8').match(
  /k8s\.io\/kubernetes (v[\d.]+)/,
)![1]!;

/** Makes sure that every part is there: finds it, builds it or fails with the one line that would help. Never skips. */
export function installParts(): Parts {
  mkdirSync(BIN, { recursive: true });
  const etcd = findEtcd() ?? unpackEtcd();
  buildKubernetes();
  return {
    etcd,
    apiServer: join(BIN, 'kube-apiserver'),
    controllerManager: join(BIN, 'kube-controller-manager'),
    kubectl: join(BIN, 'kubectl'),
  };
}

function buildKubernetes(): void {
  const flags = linkerFlags();
  const recipe = createHash('sha256')
    .update(readFileSync(join(TOOLS, 'go.mod')))
    .update(readFileSync(join(TOOLS, 'go.sum')))
    .update(flags)
    .digest('hex');
  const stamp = join(BIN, 'kubernetes.sha256');
  if (BUILT.every((name) => runnable(join(BIN, name))) && read(stamp) === recipe) return;
  const go = findGo();
  say(`building ${BUILT.join(', ')} ${KUBERNETES} (once; about five minutes on two cores) …`);
  const started = Date.now();
  const packages = BUILT.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  rmSync(stamp, { force: true });
  run(go, ['build', '-C', TOOLS, '-buildvcs=false', '-ldflags', flags, '-o', `${BIN}/`, ...packages]);
  writeFileSync(stamp, recipe);
  say(`built in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Any Go that fetches the release that go.mod asks for, which is 1.21 and newer. */
function findGo(): string {
  const go = onPath('go') ?? '/usr/local/go/bin/go';
  const version = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout ?? '';
  const [, minor = '0'] = version.match(/^go1\.(\d+)/) ?? [];
  if (Number(minor) >= 21) return go;
  const archive = `https://go.dev/dl/go1.26.0.${process.platform}-${process.arch.replace('x64', 'amd64')}.tar.gz`;
  return missing('Go 1.21 or newer to build the API server', `curl -fsSL ${archive} | tar -C /usr/local -xz`);
}

/** Without a version in them the server says v0.0.0 and kubectl can not parse it. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES.slice(1).split('.');
  const values = { gitVersion: KUBERNETES, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const settings = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...settings].join(' ');
}

function findEtcd(): string | undefined {
  const unpacked = join(BIN, 'etcd');
  return runnable(unpacked) ? unpacked : onPath('etcd');
}

/** Takes etcd out of Debian's package without installing it: no root is needed and no service of it is started. */
function unpackEtcd(): string {
  const remedy = 'apt-get install -y etcd-server';
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined) missing('etcd', remedy);
  say('unpacking etcd from the package etcd-server …');
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-etcd-'));
  try {
    const download = (): boolean => attempt('apt-get', ['download', '-q', 'etcd-server'], folder);
    if (!download() && !(attempt('apt-get', ['update', '-q'], folder) && download())) missing('etcd', remedy);
    run('sh', ['-c', 'dpkg-deb -x etcd-server_*.deb .'], folder);
    copyFileSync(join(folder, 'usr', 'bin', 'etcd'), join(BIN, 'etcd'));
    return join(BIN, 'etcd');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function attempt(command: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(command, [...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] }).status === 0;
}

function run(command: string, args: readonly string[], cwd = HERE): void {
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
  const { status, error } = spawnSync(command, [...args], { cwd, env, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}`);
}

function missing(what: string, line: string): never {
  throw new Error(`The end-to-end tests need ${what}. Install it and start again: ${line}`);
}

function say(text: string): void {
  process.stderr.write(`e2e: ${text}\n`);
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.includes('node_modules'))
    .map((folder) => join(folder, name))
    .find(runnable);
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
