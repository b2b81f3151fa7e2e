import { layOver, type ImageFiles } from '../layer/overlay.ts';
import { ok, type Result } from '../result.ts';
import type { Unreadable } from '../text/unreadable.ts';
import type { Distribution } from '../vulnerability/distribution.ts';
import type { PackageList } from '../vulnerability/package-list.ts';
import type { CatalogedLayer, FoundFile } from './cataloged-layer.ts';
import { databasePaths, dpkgFolder, isDatabasePath, isReadAs, osReleasePaths } from './choose-file.ts';
import type { CatalogedFile } from './cataloged-file.ts';
import { createGapList } from '../vulnerability/gap-list.ts';
import { linkedPackagePaths } from './language/npm-links.ts';
import { languagePackages } from './image-languages.ts';
import { systemPackages } from './image-systems.ts';

/** A file that has to be read once more: another path leads to it, and nobody knew that when its layer was read. */
export interface NeededFile {
  /** The layer, from the lowest, 0, and the number of the file in it. */
  readonly layer: number;
  readonly entry: number;
  /** The path that leads to it. */
  readonly path: string;
}

export type ImageCatalog =
  | { readonly kind: 'list'; readonly list: PackageList }
  | { readonly kind: 'needed'; readonly files: readonly NeededFile[] };

interface LedTo {
  readonly files: readonly FoundFile[];
  readonly needed: readonly NeededFile[];
}

/** The files that these paths lead to, and those of them that were not read as what they are. */
const filesAt = (
  image: ImageFiles<CatalogedFile>,
  paths: readonly string[],
  isRight: (found: CatalogedFile) => boolean,
): Result<LedTo, Unreadable> => {
  const files: FoundFile[] = [];
  const needed: NeededFile[] = [];
  for (const path of paths) {
    const file = image.fileAt(path);
    if (!file.ok) return file;
    if (file.value === undefined) continue;
    const { found, layer, entry } = file.value;
    if (found !== undefined && isRight(found)) files.push({ ...file.value, found });
    else if (file.value.path !== path && !isDatabasePath(file.value.path))
      needed.push({ layer, entry, path });
  }
  return ok({ files, needed });
};

/**
 * Hard links at paths that say what they are, whose file has another name first: pnpm links packages to the files of its store,
 * which are named by their hash.
 */
const misread = (image: ImageFiles<CatalogedFile>): readonly NeededFile[] => {
  const needed: NeededFile[] = [];
  for (const { path, layer, entry, found } of image.allFiles())
    if (!isReadAs(path, found)) needed.push({ layer, entry, path });
  return needed;
};

/** Packages behind links of folders, which lie where nobody takes them for such. */
const linkedPackages = (image: ImageFiles<CatalogedFile>): Result<readonly NeededFile[], Unreadable> => {
  const paths = linkedPackagePaths(image);
  if (!paths.ok) return paths;
  const needed: NeededFile[] = [];
  for (const path of paths.value) {
    const file = image.fileAt(path);
    if (!file.ok) {
      if (file.error.kind === 'limit') return file;
      continue;
    }
    if (file.value === undefined || isReadAs(path, file.value.found)) continue;
    const { layer, entry } = file.value;
    needed.push({ layer, entry, path });
  }
  return ok(needed);
};

/** Layers and entries are fewer than that. */
const maxEntries = 2 ** 32;
/**
 * Each file once, by the last path: it is read as one thing. Attack: let a hundred thousand links lead to one file, and have the
 * thread of the reviews take all of them.
 */
const lastWords = (needed: readonly NeededFile[]): readonly NeededFile[] => [
  ...new Map(needed.map((file) => [file.layer * maxEntries + file.entry, file])).values(),
];

const isOsRelease = ({ kind }: CatalogedFile): boolean => kind === 'os-release';
const isDatabase = ({ kind }: CatalogedFile): boolean =>
  kind === 'database' || kind === 'unreadable-database';

const distributionOf = (files: readonly FoundFile[]): Distribution | undefined => {
  const [first] = files.map(({ found }) => found);
  return first?.kind === 'os-release' ? first.distribution : undefined;
};

/**
 * The packages of an image: its layers are laid over one another, and what their files say adds up.
 * @returns or the files that have to be read first
 */
export const catalogImage = (layers: readonly CatalogedLayer[]): Result<ImageCatalog, Unreadable> => {
  const image = layOver(layers.map(({ root }) => root));
  if (!image.ok) return image;
  const files = image.value;
  const osRelease = filesAt(files, osReleasePaths, isOsRelease);
  if (!osRelease.ok) return osRelease;
  const paths = [
    ...databasePaths.map(([path]) => path),
    ...files.namesAt(dpkgFolder).map((name) => `${dpkgFolder}${name}`),
  ].filter((path) => !path.endsWith('.md5sums'));
  const databases = filesAt(files, paths, isDatabase);
  if (!databases.ok) return databases;
  const linked = linkedPackages(files);
  if (!linked.ok) return linked;
  // The last word on a file counts: a database stays one, whatever else leads to it.
  const needed = [...linked.value, ...misread(files), ...osRelease.value.needed, ...databases.value.needed];
  if (needed.length > 0) return ok({ kind: 'needed', files: lastWords(needed) });

  const gaps = createGapList();
  for (const { digest, isLazy } of layers) if (isLazy) gaps.add('lazy-layer', '', digest);
  const distribution = distributionOf(osRelease.value.files);
  if (distribution === undefined)
    for (const { path } of osRelease.value.files) gaps.add('os-unknown', 'no name of a system', path);
  const found = [...files.files()];
  const systems = systemPackages({ layers, found, databases: databases.value.files, distribution }, gaps);
  const languages = languagePackages({ layers, found, image: files, systems }, gaps);
  return ok({
    kind: 'list',
    list: {
      packages: [...systems.map((one) => one.package), ...languages],
      gaps: gaps.all(),
      ...(distribution === undefined ? {} : { distribution }),
    },
  });
};
