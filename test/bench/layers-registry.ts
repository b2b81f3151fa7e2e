/** A registry of images as large as real ones, in a process of its own: the files of this project's packages. */
import { setPriority } from 'node:os';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Digest } from '../../src/core/image/digest.ts';
import type { ImageLayer } from '../../src/core/layer/image-layers.ts';
import { debian, dpkgStatus, layerOf, pythonPackage } from '../fakes/image-layout.ts';
import { layersOf } from '../fakes/registry/npm-image.ts';
import {
  blob,
  describeBlob,
  image,
  mediaTypes,
  rawManifest,
  type FakeBlob,
  type FakeManifest,
} from '../fakes/registry/registry-content.ts';
import { type FakeRegistry, startFakeRegistry } from '../fakes/registry/registry.ts';
import { tarOf, type Written } from '../fakes/tar-writer.ts';
import { serveParent } from './evidence-part.ts';

export interface LargeImages {
  readonly host: string;
  /** The layers of two images on one base. */
  readonly images: readonly [first: readonly ImageLayer[], second: readonly ImageLayer[]];
}

/** By name and digest. */
export interface ManyImages {
  readonly host: string;
  readonly known: readonly string[];
  readonly fresh: readonly string[];
}

/** A name that the header of a tar has room for. */
const maxNameLength = 99;

const nodeModules = new URL('../../node_modules', import.meta.url).pathname;

/** Files of a folder and below, until there are so many bytes. */
const filesOf = (folder: string, most: number): readonly Written[] => {
  const files: Written[] = [];
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = `app/node_modules/${path.slice(folder.length + 1)}`;
    if (!entry.isFile() || Buffer.byteLength(name) > maxNameLength || bytes > most) continue;
    const content = readFileSync(path);
    bytes += content.length;
    files.push({ type: '0', name, content });
  }
  return files;
};

/** Images of one large layer each, which differ in its last files: packed and hashed once as far as they are equal. */
const largeImages = (bytes: number): ((name: string) => FakeManifest) => {
  const front = tarOf([debian, dpkgStatus('openssl', '3.0'), ...filesOf(nodeModules, bytes)]);
  const packed = gzipSync(front);
  const hashes = { front: createHash('sha256').update(front), packed: createHash('sha256').update(packed) };
  return (name) => {
    const tail = layerOf(pythonPackage(name, '1.0'));
    const packedTail = gzipSync(tail);
    const layer: FakeBlob = {
      mediaType: mediaTypes.ociLayer,
      bytes: Buffer.concat([packed, packedTail]),
      digest: `sha256:${hashes.packed.copy().update(packedTail).digest('hex')}` as Digest,
    };
    const diffId = `sha256:${hashes.front.copy().update(tail).digest('hex')}`;
    const config = blob(
      JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } }),
      mediaTypes.ociConfig,
    );
    const [described, layers] = [describeBlob(config), [describeBlob(layer)]];
    const content = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: described, layers };
    return rawManifest(content, mediaTypes.ociManifest, { blobs: [config, layer], config });
  };
};

// It shares its core with the load, whose times would be those of its own wait.
setPriority(19);
let registry: FakeRegistry | undefined;
/** Layers of images that nobody has looked into. */
let freshLayers: readonly string[] = [];

const orders = {
  open: async (bytes: number): Promise<LargeImages> => {
    registry = await startFakeRegistry();
    const base = layerOf(debian, dpkgStatus('openssl', '3.0'), ...filesOf(nodeModules, bytes));
    const made = (name: string): FakeManifest =>
      image({ layers: [base, layerOf(pythonPackage(name, '1.0'))] });
    const first = made('one');
    const second = made('other');
    for (const manifest of [first, second]) registry.push('team/large', manifest);
    return { host: registry.host, images: [layersOf(first), layersOf(second)] };
  },
  /** Small images, and large ones that have no layer in common. */
  openMany: async ({
    bytes,
    known,
    fresh,
  }: {
    readonly bytes: number;
    readonly known: number;
    readonly fresh: number;
  }): Promise<ManyImages> => {
    const open = (registry = await startFakeRegistry());
    const push = (repository: string, manifest: FakeManifest): string => {
      open.push(repository, manifest);
      return `${open.host}/${repository}@${manifest.digest}`;
    };
    const small = (name: string): FakeManifest =>
      image({ layers: [layerOf(debian, dpkgStatus('openssl', '3.0'), pythonPackage(name, '1.0'))] });
    const large = largeImages(bytes);
    const largeOnes = Array.from({ length: fresh }, (_, at) => large(`fresh-${at}`));
    freshLayers = largeOnes.map(({ blobs }) => blobs.at(-1)?.digest ?? '');
    return {
      host: open.host,
      known: Array.from({ length: known }, (_, at) => push('team/known', small(`known-${at}`))),
      fresh: largeOnes.map((manifest, at) => push(`team/fresh-${at}`, manifest)),
    };
  },
  /** Fresh layers that were asked for. */
  begun: (): number =>
    freshLayers.filter((digest) => registry?.requests.some(({ path }) => path.endsWith(digest)) === true)
      .length,
  /** Blobs that were delivered since the last time. */
  delivered: (): number => {
    const count =
      registry?.requests.filter(({ kind, method }) => kind === 'blobs' && method === 'GET').length ?? 0;
    registry?.forget();
    return count;
  },
};
export type LayersRegistryOrders = typeof orders;

serveParent(orders, async () => registry?.close());
