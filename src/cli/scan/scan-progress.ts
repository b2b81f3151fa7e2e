import type { ImageCataloger, LayerSource } from '../../adapters/catalog/image-cataloger.ts';
import { describeSize } from '../../core/text/size.ts';
import { createProgress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** How far the images of one command were looked into, at a terminal. */
export interface ScanProgressLine {
  /** The same cataloger, whose steps are shown. */
  watch(images: ImageCataloger): ImageCataloger;
  end(): void;
}

/** Of one image. */
interface Look {
  readonly layers: number;
  /** Packed bytes, where all layers tell theirs. */
  readonly size: number | undefined;
  /** Layers that were read, by their number: some are read twice. */
  readonly read: Set<number>;
  bytes: number;
  packages: number;
}

const sizeOf = (layers: readonly Pick<LayerSource<unknown>, 'size'>[]): number | undefined => {
  const sizes = layers.flatMap(({ size }) => size ?? []);
  return sizes.length === layers.length ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
};
const sum = (looks: readonly Look[], of: (look: Look) => number): number =>
  looks.reduce((all, look) => all + of(look), 0);

/** `read 2 of 5 layers, 37 of 113 MiB, 412 packages` */
const textOf = (looks: readonly Look[]): string => {
  const layers = `${String(sum(looks, ({ read }) => read.size))} of ${String(sum(looks, (look) => look.layers))}`;
  const bytes = describeSize(sum(looks, (look) => look.bytes));
  const isKnown = looks.every(({ size }) => size !== undefined);
  const all = isKnown ? ` of ${describeSize(sum(looks, ({ size = 0 }) => size))}` : '';
  const packages = sum(looks, (look) => look.packages);
  return `read ${layers} layers, ${bytes}${all}, ${String(packages)} packages`;
};

export const createScanProgress = (status: Terminal['status']): ScanProgressLine => {
  const looks: Look[] = [];
  const progress = createProgress(() => textOf(looks), status);
  const watched = <F>(source: LayerSource<F>, at: number, look: Look): LayerSource<F> => ({
    ...source,
    read: async (take, signal) => {
      const isFirst = !look.read.has(at);
      const outcome = await source.read((chunk) => {
        if (isFirst) look.bytes += chunk.length;
        progress.step();
        return take(chunk);
      }, signal);
      look.read.add(at);
      return outcome;
    },
  });
  return {
    watch: (images) => ({
      catalog: async (layers, limits, signal) => {
        const look = {
          layers: layers.length,
          size: sizeOf(layers),
          read: new Set<number>(),
          bytes: 0,
          packages: 0,
        };
        looks.push(look);
        const all = layers.map((layer, at) => watched(layer, at, look));
        const found = await images.catalog(all, limits, signal);
        // What is known of a layer is not read again.
        for (const at of layers.keys()) look.read.add(at);
        look.bytes = look.size ?? look.bytes;
        if (found.ok) look.packages = found.value.packages.length;
        return found;
      },
    }),
    end: () => progress.end(),
  };
};
