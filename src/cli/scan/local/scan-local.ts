import {
  createImageCataloger,
  type ImageCataloger,
  type NoList,
} from '../../../adapters/catalog/image-cataloger.ts';
import { catalogerVersion } from '../../../core/catalog/cataloger-version.ts';
import { listed } from '../../../core/checks/check.ts';
import { formatPlatform } from '../../../core/oci/platform.ts';
import type { PlatformChoice } from '../../../core/facts/image-facts.ts';
import type { ScanBounds } from '../../../config/values/scan-bounds.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { describeDuration } from '../../../core/text/duration.ts';
import { shown } from '../../../core/text/shown-text.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import type { AdvisorySet } from '../../../evidence/ports.ts';
import { nothingKnown, scannedOf, type Scanned } from '../scan-input.ts';
import type { ScanProgressLine } from '../scan-progress.ts';
import { askedPlatform } from './local-evidence.ts';
import { folderContents } from './image-contents.ts';
import { imagesOfArchive } from './image-archive.ts';
import { imagesOfLayout, type LocalImage } from './oci-layout.ts';
import { imageOfFolder } from './rootfs.ts';

/** Files, folders and links of one layer. */
const maxEntries = 1_000_000;

const readers: Readonly<
  Record<string, (path: string, platforms: PlatformChoice) => Promise<Result<readonly LocalImage[], string>>>
> = {
  'oci:': (path, platforms) => imagesOfLayout(folderContents(path), platforms),
  'tar:': imagesOfArchive,
  'rootfs:': imageOfFolder,
};

/** Whether a target is an image in files of this machine. */
export const isLocal = (target: string): boolean => prefixOf(target) !== undefined;
/** Whether a target lies on this machine, as an image or a list of packages; else it is an image in a registry. */
export const isFile = (target: string): boolean => target.startsWith('sbom:') || isLocal(target);
const prefixOf = (target: string): string | undefined =>
  Object.keys(readers).find((prefix) => target.startsWith(prefix));

const whyNoList = (why: NoList<string>, { time }: ScanBounds): string => {
  if (why.kind === 'source') return why.failure;
  if (why.kind === 'late') return `it was not read within ${describeDuration(time)}`;
  return `the image cannot be read: ${why.error.why}`;
};

const withoutLayers = (list: PackageList): PackageList => ({
  ...list,
  packages: list.packages.map((found) => {
    const { layer: _, ...rest } = found;
    return rest;
  }),
});

interface LocalScan {
  /** The thread that reads layers. */
  readonly catalog: URL;
  readonly platforms: PlatformChoice;
  readonly set: AdvisorySet | undefined;
  readonly now: number;
  readonly bounds: ScanBounds;
  readonly progress: ScanProgressLine;
}

const listOf = async (
  cataloger: ImageCataloger,
  image: LocalImage,
  bounds: ScanBounds,
): Promise<Result<PackageList, string>> => {
  if (!image.layers.ok) return image.layers;
  const limits = { timeMs: bounds.time, unpacked: bounds.unpacked, entries: maxEntries };
  const list = await cataloger.catalog(image.layers.value, limits, new AbortController().signal);
  if (!list.ok) return fail(whyNoList(list.error, bounds));
  return image.folder === undefined ? list : ok(withoutLayers(list.value));
};

const source = { kind: 'catalog', version: catalogerVersion } as const;

/** What policies may see of an image, as far as anything names what it is. */
const subjectOf = (
  { digest: ofManifest, config, folder, platform, described }: LocalImage,
  list: Result<PackageList, string>,
  problems: readonly string[],
  platforms: PlatformChoice,
): Pick<Scanned, 'local'> => {
  const digest = ofManifest ?? config ?? folder?.digest();
  if (digest === undefined) return {};
  return {
    local: {
      digest,
      ...(platform === undefined ? askedPlatform(platforms) : { platform }),
      ...(described && { described }),
      lists: list.ok ? [{ source, list: list.value }] : [],
      ...(problems.length > 0 && { unlooked: listed(problems, shown) }),
    },
  };
};

/** Images in files of this machine, by what is in their layers. One result for each image and platform. */
export const scanLocal = async (
  targets: readonly string[],
  { catalog, platforms, set, now, bounds, progress }: LocalScan,
): Promise<readonly Scanned[]> => {
  // What was found in a layer serves each image that has it.
  const cataloger = progress.watch(createImageCataloger(catalog));
  const scanOne = async (target: string, image: LocalImage): Promise<Scanned> => {
    const { digest, platform, folder } = image;
    const list = await listOf(cataloger, image, bounds);
    const problems = list.ok ? (folder?.unread() ?? []) : [list.error];
    const named = platform && shown(formatPlatform(platform));
    return {
      about: { target, ...(digest && { digest }), ...(named !== undefined && { platform: named }) },
      found: await scannedOf(list.ok ? [list.value] : [], set, now, problems.map(shown)),
      ...subjectOf(image, list, problems, platforms),
    };
  };
  const scanned: Scanned[] = [];
  for (const text of targets) {
    const target = shown(text);
    const prefix = prefixOf(text) ?? '';
    const images = await readers[prefix]?.(text.slice(prefix.length), platforms);
    if (images === undefined) continue;
    if (!images.ok) scanned.push(...nothingKnown(target, shown(images.error)));
    else if (images.value.length === 0)
      scanned.push(...nothingKnown(target, 'it has no image for this platform'));
    else for (const image of images.value) scanned.push(await scanOne(target, image));
  }
  return scanned;
};
