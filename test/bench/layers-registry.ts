/** A registry of images as large as real ones, in a process of its own: the files of this project's packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImageLayers, type ImageLayer } from '../../src/core/layer/image-layers.ts';
import { debian, dpkgStatus, layerOf, pythonPackage } from '../fakes/image-layout.ts';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { type FakeRegistry, startFakeRegistry } from '../fakes/registry/registry.ts';
import type { Written } from '../fakes/tar-writer.ts';
import { serveParent } from './evidence-part.ts';

export interface LargeImages {
  readonly host: string;
  /** The layers of two images on one base. */
  readonly images: readonly [first: readonly ImageLayer[], second: readonly ImageLayer[]];
  /** Of the first. */
  readonly digest: string;
}

/** A name that the header of a tar has room for. */
const maxNameLength = 99;

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

const layersOf = ({ bytes, config }: FakeManifest): readonly ImageLayer[] => {
  const layers = readImageLayers(bytes, config?.bytes ?? new Uint8Array());
  if (!layers.ok) throw new Error(layers.error.why);
  return layers.value;
};

let registry: FakeRegistry | undefined;

const orders = {
  open: async (bytes: number): Promise<LargeImages> => {
    registry = await startFakeRegistry();
    const folder = new URL('../../node_modules', import.meta.url).pathname;
    const base = layerOf(debian, dpkgStatus('openssl', '3.0'), ...filesOf(folder, bytes));
    const made = (name: string): FakeManifest =>
      image({ layers: [base, layerOf(pythonPackage(name, '1.0'))] });
    const first = made('one');
    const second = made('other');
    for (const manifest of [first, second]) registry.push('team/large', manifest);
    return { host: registry.host, images: [layersOf(first), layersOf(second)], digest: first.digest };
  },
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
