import type { LayerSource } from '../../../adapters/catalog/image-cataloger.ts';
import type { PlatformChoice, PlatformImage } from '../../../core/facts/image-facts.ts';
import { chosenOf } from '../../../core/facts/platform-choice.ts';
import type { Digest } from '../../../core/image/digest.ts';
import { readImageLayers } from '../../../core/layer/image-layers.ts';
import { readConfig } from '../../../core/oci/config.ts';
import type { ImageIndex } from '../../../core/oci/image-index.ts';
import {
  readManifest,
  type AnyManifest,
  type ArtifactManifest,
  type ImageManifest,
} from '../../../core/oci/manifest.ts';
import { isEmptyObject, provesNoImage } from '../../../core/oci/no-config.ts';
import type { Platform } from '../../../core/oci/platform.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { platformImage } from '../../../evidence/image/image-facts.ts';
import { defaultEvidenceLimits as limits } from '../../../evidence/limits.ts';
import { blobLayer, readBlob, readContents, type ImageContents } from './image-contents.ts';

/** An image whose layers can be read, or why they cannot. */
export interface LocalImage {
  /** Of its manifest. */
  readonly digest?: Digest;
  readonly platform?: Platform;
  /** What its manifest and config say together; absent: it has no manifest, or they contradict one another. */
  readonly described?: PlatformImage;
  readonly layers: Result<readonly LayerSource<string>[], string>;
  /** Of its config, which says what its layers unpack to: two with the same are one image. */
  readonly config?: Digest;
  /** It is a folder without layers. After it was read: what of it could not be, and the digest of the rest. */
  readonly folder?: { readonly unread: () => readonly string[]; readonly digest: () => Digest | undefined };
}

interface Walk {
  readonly contents: ImageContents;
  readonly platforms: PlatformChoice;
  readonly images: LocalImage[];
  /** What is no image, because its bytes prove that; told where there is nothing else. */
  readonly artifacts: LocalImage[];
  manifests: number;
}

/** A manifest, and what the index above it says of it. */
interface Named {
  readonly digest: Digest;
  readonly platform?: Platform;
  /** 0: in `index.json`, of which each entry is an image by itself. */
  readonly depth: number;
}

const unread = (walk: Walk, { digest, platform }: Named, why: string): void => {
  walk.images.push({ digest, ...(platform && { platform }), layers: fail(why) });
};

const readOne = async (
  walk: Walk,
  named: Named,
  bytes: Uint8Array,
  manifest: ImageManifest,
): Promise<void> => {
  const { digest } = manifest.config;
  const config = await readBlob(walk.contents, digest, limits.configBytes);
  if (!config.ok) return unread(walk, named, config.error);
  const read = readConfig(config.value, limits);
  if (!read.ok) return unread(walk, named, `the config of the image cannot be read: ${read.error.why}`);
  const { platform } = read.value;
  // An entry of an index without a platform runs when nothing else fits; one of index.json is only chosen by its config.
  if (named.depth === 0 && chosenOf(walk.platforms, [platform], (one) => one).length === 0) return;
  const layers = readImageLayers(bytes, config.value);
  const byIndex = named.depth > 0 && named.platform !== undefined ? { named: named.platform } : {};
  const described = platformImage(named.digest, manifest, read.value, { ...byIndex, times: [] });
  walk.images.push({
    digest: named.digest,
    platform,
    ...(described.ok && { described: described.value }),
    config: digest,
    layers: layers.ok
      ? ok(layers.value.map((layer) => blobLayer(walk.contents, layer)))
      : fail(`the image cannot be read: ${layers.error.why}`),
  });
};

/** A list or a signature that stands beside images holds no packages; everything else that is no image is told. */
const readArtifact = async (walk: Walk, named: Named, { config, type }: ArtifactManifest): Promise<void> => {
  const isProved = async (): Promise<boolean> => {
    if (config === undefined || isEmptyObject(config.digest)) return true;
    const bytes = await readBlob(walk.contents, config.digest, limits.configBytes);
    return bytes.ok && provesNoImage(bytes.value);
  };
  const layers = fail(`it is no image but ${type}`);
  ((await isProved()) ? walk.artifacts : walk.images).push({ digest: named.digest, layers });
};

const readChildren = async (walk: Walk, named: Named, { children }: ImageIndex): Promise<void> => {
  if (named.depth >= limits.indexDepth)
    return unread(walk, named, `its indexes are nested deeper than ${limits.indexDepth} levels`);
  const platformOf = (child: { readonly platform?: Platform }): Platform | undefined =>
    child.platform ?? named.platform;
  for (const child of chosenOf(walk.platforms, children, platformOf)) {
    const platform = platformOf(child);
    const { digest } = child;
    await readNamed(walk, { digest, ...(platform && { platform }), depth: named.depth + 1 });
  }
};

const readBelow = (walk: Walk, named: Named, bytes: Uint8Array, manifest: AnyManifest): Promise<void> => {
  switch (manifest.kind) {
    case 'index':
      return readChildren(walk, named, manifest);
    case 'image':
      return readOne(walk, named, bytes, manifest);
    case 'artifact':
      return readArtifact(walk, named, manifest);
    default:
      return manifest satisfies never;
  }
};

const readNamed = async (walk: Walk, named: Named): Promise<void> => {
  walk.manifests += 1;
  if (walk.manifests > limits.indexChildren)
    return unread(
      walk,
      named,
      `more than ${limits.indexChildren} images stand here; the others are not read`,
    );
  const bytes = await readBlob(walk.contents, named.digest, limits.manifestBytes);
  if (!bytes.ok) return unread(walk, named, bytes.error);
  const manifest = readManifest(bytes.value, limits);
  if (!manifest.ok) return unread(walk, named, `its manifest cannot be read: ${manifest.error.why}`);
  return readBelow(walk, named, bytes.value, manifest.value);
};

/**
 * The images of an OCI image layout, those of the platforms that are asked for. One that cannot be read is among them.
 * @see OCI image-spec, "Image Layout Specification"
 */
export const imagesOfLayout = async (
  contents: ImageContents,
  platforms: PlatformChoice,
): Promise<Result<readonly LocalImage[], string>> => {
  const bytes = await readContents(contents, 'index.json', limits.manifestBytes);
  if (!bytes.ok) return bytes;
  const index = readManifest(bytes.value, limits);
  if (!index.ok) return fail(`index.json cannot be read: ${index.error.why}`);
  if (index.value.kind !== 'index') return fail('index.json is no index');
  const walk: Walk = { contents, platforms, images: [], artifacts: [], manifests: 0 };
  const { children } = index.value;
  for (const { digest, platform } of chosenOf(platforms, children, (child) => child.platform))
    await readNamed(walk, { digest, ...(platform && { platform }), depth: 0 });
  return ok(walk.images.length > 0 ? walk.images : walk.artifacts);
};
