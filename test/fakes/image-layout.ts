import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarOf, type Written } from './tar-writer.ts';

/** Files by their names. */
export type LayoutFiles = Record<string, Buffer>;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const file = (name: string, content: string | Uint8Array = ''): Written => ({
  type: '0',
  name,
  content,
});
export const npmPackage = (name: string, version: string): Written =>
  file(`app/node_modules/${name}/package.json`, JSON.stringify({ name, version }));
export const pythonPackage = (name: string, version: string): Written =>
  file(
    `usr/lib/python3/dist-packages/${name}-${version}.dist-info/METADATA`,
    `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n`,
  );
export const dpkgStatus = (name: string, version: string): Written =>
  file('var/lib/dpkg/status', `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n`);
export const debian = file('etc/os-release', 'ID=debian\nVERSION_ID=13\n');

/** A layer with these files, as `image` takes it. */
export const layerOf = (...entries: readonly Written[]): Uint8Array => tarOf(entries, 2);

export interface LayoutLayer {
  readonly entries: readonly Written[];
  readonly pack?: 'gzip' | 'zstd' | 'plain';
}
const packed = (tar: Uint8Array, pack: LayoutLayer['pack'] = 'gzip'): Buffer => {
  if (pack === 'plain') return Buffer.from(tar);
  return pack === 'zstd' ? zstdCompressSync(tar) : gzipSync(tar);
};

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
export const blob = (files: LayoutFiles, bytes: Buffer, mediaType: string): Described => {
  files[`blobs/sha256/${sha256(bytes)}`] = bytes;
  return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
};

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** What an image is made of: the tars of its layers, and its config. */
export const configOf = (layers: readonly LayoutLayer[], architecture = 'amd64') => {
  const tars = layers.map(({ entries }) => tarOf(entries, 2));
  const config = json({
    os: 'linux',
    architecture,
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
    history: layers.map((_, at) => ({ created_by: `step ${at + 1}` })),
  });
  return { tars, config };
};

/** Puts an image into a layout. */
export const layoutImage = (
  files: LayoutFiles,
  layers: readonly LayoutLayer[],
  architecture?: string,
): Described => {
  const { tars, config } = configOf(layers, architecture);
  const packs = layers.map(({ pack }, at) => {
    const suffix = pack === 'plain' ? '' : `+${pack ?? 'gzip'}`;
    const type = `application/vnd.oci.image.layer.v1.tar${suffix}`;
    return blob(files, packed(tars[at] ?? new Uint8Array(), pack), type);
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: blob(files, config, 'application/vnd.oci.image.config.v1+json'),
    layers: packs,
  };
  return blob(files, json(manifest), manifest.mediaType);
};

export const indexOf = (manifests: readonly object[]): Buffer =>
  json({ schemaVersion: 2, mediaType: indexType, manifests });

/** A layout of these images. */
export const layoutOf = (...images: readonly (readonly LayoutLayer[])[]): LayoutFiles => {
  const files: LayoutFiles = { 'oci-layout': json({ imageLayoutVersion: '1.0.0' }) };
  files['index.json'] = indexOf(images.map((layers) => layoutImage(files, layers)));
  return files;
};

/** What `docker save` wrote before it wrote layouts. */
export const dockerSave = (layers: readonly LayoutLayer[]): LayoutFiles => {
  const { tars, config } = configOf(layers);
  const name = `${sha256(config)}.json`;
  const names = tars.map((_, at) => `layer${at}/layer.tar`);
  return {
    [name]: config,
    ...Object.fromEntries(tars.map((tar, at) => [names[at] ?? '', Buffer.from(tar)])),
    'manifest.json': json([{ Config: name, RepoTags: ['shop/web:1'], Layers: names }]),
  };
};

export const tarOfFiles = (files: LayoutFiles): Buffer =>
  Buffer.from(
    tarOf(
      Object.entries(files).map(([name, content]) => file(name, content)),
      2,
    ),
  );
