import { readImageLayers, type ImageLayer } from '../../../src/core/layer/image-layers.ts';
import { tarOf, type Written } from '../tar-writer.ts';
import { image, type FakeManifest } from './registry-content.ts';

const npm = (name: string): Written => ({
  type: '0',
  name: `app/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version: '1.0.0' }),
});
/** An image whose layers hold these npm packages. */
export const imageWith = (...names: readonly string[]): FakeManifest =>
  image({ layers: names.map((name) => tarOf([npm(name)], 2)) });
export const layersOf = ({ bytes, config }: FakeManifest): readonly ImageLayer[] => {
  const layers = readImageLayers(bytes, config?.bytes ?? Buffer.from(''));
  if (!layers.ok) throw new Error(layers.error.why);
  return layers.value;
};
