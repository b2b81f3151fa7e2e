import { createLayerReader } from '../../src/core/layer/layer-reader.ts';
import { parseDigest } from '../../src/core/image/digest.ts';
import type { CatalogedLayer } from '../../src/core/catalog/cataloged-layer.ts';
import { chooseFileOf } from '../../src/core/catalog/choose-file.ts';
import { catalogImage, type NeededFile } from '../../src/core/catalog/image-catalog.ts';
import type { PackageList } from '../../src/core/vulnerability/package-list.ts';
import { tarOf, type Written } from './tar-writer.ts';

const limits = { entries: 10_000, bytes: 100_000_000, name: 4096 };
type Content = string | Uint8Array;
/** Files by their paths; `{ to }` is a link, `{ same }` a hard link. */
export type Files = Readonly<Record<string, Content | { readonly to: string } | { readonly same: string }>>;

export const digestOf = (at: number) => {
  const digest = parseDigest(`sha256:${String(at).repeat(64)}`);
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
};
const entryOf = ([name, content]: readonly [string, Files[string]]): Written => {
  if (typeof content === 'object' && 'to' in content)
    return { type: '2', name, link: content.to, content: '' };
  if (typeof content === 'object' && 'same' in content)
    return { type: '1', name, link: content.same, content: '' };
  return { type: '0', name, content };
};

export const layerOf = (files: Files, at: number, links?: ReadonlyMap<number, string>): CatalogedLayer => {
  const reader = createLayerReader(limits, chooseFileOf(links));
  reader.write(tarOf(Object.entries(files).map(entryOf), 2));
  const root = reader.end();
  if (!root.ok) throw new Error(root.error.why);
  return { digest: digestOf(at), createdBy: `step ${at}`, root: root.value, isLazy: false };
};

/** As an adapter does it: what is needed is read once more. */
export const catalog = (layers: readonly Files[], change = (layer: CatalogedLayer) => layer): PackageList => {
  let needed: readonly NeededFile[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const linksOf = (at: number) =>
      new Map(needed.filter(({ layer }) => layer === at).map(({ entry, path }) => [entry, path]));
    const image = catalogImage(layers.map((files, at) => change(layerOf(files, at, linksOf(at)))));
    if (!image.ok) throw new Error(image.error.why);
    if (image.value.kind === 'list') return image.value.list;
    needed = image.value.files;
  }
  throw new Error(`needed again: ${JSON.stringify(needed)}`);
};
export const summaryOf = ({ packages, gaps }: PackageList) => ({
  packages: packages.map(({ ecosystem, name, version }) => `${ecosystem} ${name} ${version}`),
  gaps: gaps.map(({ kind, what }) => `${kind} ${what}`),
});
