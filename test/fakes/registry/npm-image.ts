import { gzipSync } from 'node:zlib';
import { readImageLayers, type ImageLayer } from '../../../src/core/layer/image-layers.ts';
import { tarOf, type Written } from '../tar-writer.ts';
import { blob, digestOf, rawManifest, type FakeManifest } from './registry-content.ts';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociLayer = 'application/vnd.oci.image.layer.v1.tar+gzip';

const npm = (name: string): Written => ({
  type: '0',
  name: `app/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version: '1.0.0' }),
});
/** An image whose layers hold these npm packages. */
export const imageWith = (...names: readonly string[]): FakeManifest => {
  const tars = names.map((name) => tarOf([npm(name)], 2));
  const layers = tars.map((tar) => blob(gzipSync(tar), ociLayer));
  const config = blob(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const describe = ({ mediaType, digest, bytes }: typeof config) => ({
    mediaType,
    digest,
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: describe(config),
    layers: layers.map(describe),
  };
  return rawManifest(manifest, ociManifest, { blobs: [config, ...layers], config });
};
export const layersOf = ({ bytes, config }: FakeManifest): readonly ImageLayer[] => {
  const layers = readImageLayers(bytes, config?.bytes ?? Buffer.from(''));
  if (!layers.ok) throw new Error(layers.error.why);
  return layers.value;
};
