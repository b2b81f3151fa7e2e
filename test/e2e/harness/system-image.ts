import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { ask, bin, cache, missing, onPath, run, say } from './install-command.ts';
import { findOrUnpack } from './install-debian.ts';
import { buildGo } from './install-go.ts';
import { installRegistryParts } from './install.ts';

/** How the layers of the image are packed: a tag each of one layout. */
export const packings = ['plain', 'gzip', 'zstd'] as const;
export type Packing = (typeof packings)[number];

/** An image made of real parts, as an OCI layout, and what the tools that made it say is in it. */
export interface SystemImage {
  /** A layout for each packing: tools that read layouts want one image in it. */
  readonly layouts: Readonly<Record<Packing, string>>;
  /** `name<TAB>version` of each package, by dpkg-query over the folder that became the first layer. */
  readonly dpkgQuery: readonly string[];
}

/** What is in the image; a change makes it anew. */
const recipe = {
  release: 'bookworm',
  npm: ['express@4.17.1', 'jest@29.7.0', 'lodash@4.17.20', 'minimist@1.2.5'],
  /** Is gone in a layer above. */
  removed: 'lodash',
  pip: ['Django==3.2.0', 'Jinja2==2.10', 'requests==2.25.1', 'urllib3==1.26.2', 'zope.interface==6.0'],
  framesOf: 1_048_576,
  version: 1,
};

const folder = join(cache, 'system-image');
const app = 'srv/app';
const dpkgQueryFile = 'dpkg-query.tsv';

/**
 * Builds the image once: Debian by debootstrap, then layers with packages of npm and PyPI and a Go program, then one that takes
 * a package away. As root, or as anybody with fakeroot and fakechroot.
 * @throws with the one line that would help
 */
export const installSystemImage = (): SystemImage => {
  const stamp = join(folder, 'recipe.sha256');
  const wanted = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    build();
    writeFileSync(stamp, wanted);
  }
  return {
    layouts: {
      plain: join(folder, 'plain'),
      gzip: join(folder, 'gzip'),
      zstd: join(folder, 'zstd'),
    },
    dpkgQuery: readFileSync(join(folder, dpkgQueryFile), 'utf8').trimEnd().split('\n'),
  };
};

const build = (): void => {
  const started = Date.now();
  say('building an image of Debian with debootstrap and umoci (once; a minute) …');
  const root = join(folder, 'root');
  bootstrap(root);
  writeFileSync(join(folder, dpkgQueryFile), dpkgQuery(root));
  const layer = join(folder, 'layer');
  installLanguages(layer);
  const layout = join(folder, 'gzip');
  insertLayers(layout, root, layer);
  repack(layout, join(folder, 'plain'), 'application/vnd.oci.image.layer.v1.tar', (tar) => tar);
  repack(layout, join(folder, 'zstd'), 'application/vnd.oci.image.layer.v1.tar+zstd', inFrames);
  rmSync(root, { recursive: true, force: true });
  rmSync(layer, { recursive: true, force: true });
  say(`built the image in ${Math.round((Date.now() - started) / 1000)} s`);
};

const isRoot = process.getuid?.() === 0;

/** Where apt fetches this release from. */
const mirrors = (): readonly string[] =>
  ask('apt-get', [
    'indextargets',
    '--format',
    '$(SITE)',
    'Created-By: Packages',
    `Codename: ${recipe.release}`,
  ])
    .split('\n')
    .slice(0, 1)
    .filter((site) => site !== '');

const bootstrap = (root: string): void => {
  const debootstrap = findOrUnpack({
    program: 'debootstrap',
    package: 'debootstrap',
    folder: 'usr/sbin',
  });
  // Unpacked, and not installed, it looks for its scripts where they are not.
  const scripts = join(cache, 'debian', 'debootstrap', 'usr', 'share', 'debootstrap');
  const env = existsSync(scripts) ? [`DEBOOTSTRAP_DIR=${scripts}`] : [];
  const args = [`--variant=${isRoot ? 'minbase' : 'fakechroot'}`, recipe.release, root, ...mirrors()];
  if (!isRoot && (onPath('fakeroot') === undefined || onPath('fakechroot') === undefined))
    missing('fakeroot and fakechroot, or root, to make an image', 'apt-get install -y fakeroot fakechroot');
  const pretend = isRoot ? [] : ['fakechroot', 'fakeroot'];
  run('env', [...env, ...pretend, debootstrap, ...args]);
  // What a real image leaves out, too.
  for (const path of ['var/cache/apt', 'var/lib/apt/lists', 'var/log'])
    rmSync(join(root, path), { recursive: true, force: true });
};

const dpkgQuery = (root: string): string =>
  ask('dpkg-query', [
    `--admindir=${join(root, 'var/lib/dpkg')}`,
    '--show',
    '--showformat=${Package}\\t${Version}\\n',
  ]);

/** Files of the layers above the system. */
const installLanguages = (layer: string): void => {
  const npm = join(layer, 'npm');
  mkdirSync(npm, { recursive: true });
  writeFileSync(join(npm, 'package.json'), JSON.stringify({ name: 'shop', version: '1.0.0', private: true }));
  run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...recipe.npm],
    npm,
  );
  run('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--no-deps',
    '--no-compile',
    `--target=${join(layer, 'pip')}`,
    // As the image would, whatever Python this machine has.
    '--only-binary=:all:',
    '--python-version=3.11',
    '--platform=manylinux2014_x86_64',
    '--platform=any',
    ...recipe.pip,
  ]);
  buildGo({
    name: 'image-program',
    module: join(import.meta.dirname, '..', 'tools-image'),
    packages: ['./old-text'],
    programs: ['old-text'],
    folder: 'image',
  });
  mkdirSync(join(layer, 'go'));
  copyFileSync(join(bin, 'image', 'old-text'), join(layer, 'go', 'old-text'));
  chmodSync(join(layer, 'go', 'old-text'), 0o755);
};

const insertLayers = (layout: string, root: string, layer: string): void => {
  const { umoci } = installRegistryParts();
  const image = `${layout}:latest`;
  const rootless = isRoot ? [] : ['--rootless'];
  const insert = (step: string, ...what: readonly string[]): void =>
    run(umoci, ['insert', ...rootless, '--image', image, '--history.created_by', step, ...what]);
  run(umoci, ['init', '--layout', layout]);
  run(umoci, ['new', '--image', image]);
  run(umoci, ['config', '--image', image, '--architecture', 'amd64', '--os', 'linux']);
  insert('debootstrap', root, '/');
  insert('npm install', join(layer, 'npm'), `/${app}`);
  insert('pip install', join(layer, 'pip'), '/usr/local/lib/python3.11/dist-packages');
  insert('COPY old-text', join(layer, 'go', 'old-text'), '/usr/local/bin/old-text');
  insert('npm uninstall', '--whiteout', `/${app}/node_modules/${recipe.removed}`);
  run(umoci, ['gc', '--layout', layout]);
};

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
interface Manifest {
  readonly layers: readonly Descriptor[];
}

const hexOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes the image once more with other bytes in its layers, which unpack to the same. */
const repack = (from: string, to: string, mediaType: string, pack: (tar: Buffer) => Buffer): void => {
  const blobs = join(to, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const read = (digest: string): Buffer =>
    readFileSync(join(from, 'blobs', 'sha256', digest.replace('sha256:', '')));
  const write = (bytes: Buffer): { readonly digest: string; readonly size: number } => {
    writeFileSync(join(blobs, hexOf(bytes)), bytes);
    return { digest: `sha256:${hexOf(bytes)}`, size: bytes.length };
  };
  for (const name of readdirSync(join(from, 'blobs', 'sha256')))
    copyFileSync(join(from, 'blobs', 'sha256', name), join(blobs, name));
  copyFileSync(join(from, 'oci-layout'), join(to, 'oci-layout'));
  const index = JSON.parse(readFileSync(join(from, 'index.json'), 'utf8')) as {
    readonly manifests: readonly Descriptor[];
  };
  const manifests = index.manifests.map((described) => {
    const manifest = JSON.parse(read(described.digest).toString()) as Manifest;
    const layers = manifest.layers.map((layer) => ({
      ...layer,
      mediaType,
      ...write(pack(gunzipSync(read(layer.digest)))),
    }));
    for (const { digest } of [...manifest.layers, described])
      rmSync(join(blobs, digest.replace('sha256:', '')), { force: true });
    return { ...described, ...write(Buffer.from(JSON.stringify({ ...manifest, layers }))) };
  });
  writeFileSync(join(to, 'index.json'), JSON.stringify({ ...index, manifests }));
};

/** A frame a piece: Node stops behind the first one and says nothing (V2). */
const inFrames = (tar: Buffer): Buffer => {
  const frames: Buffer[] = [];
  for (let at = 0; at < tar.length; at += recipe.framesOf)
    frames.push(zstdCompressSync(tar.subarray(at, at + recipe.framesOf)));
  return Buffer.concat(frames);
};
