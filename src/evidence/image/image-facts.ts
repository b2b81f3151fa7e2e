import type { ImageFacts, PlatformImage } from '../../core/facts/image-facts.ts';
import type { Digest } from '../../core/image/digest.ts';
import { shown } from '../../core/text/shown-text.ts';
import { ok, type Result } from '../../core/result.ts';
import type { ImageConfig } from '../../core/oci/config.ts';
import { invalidBytes, type Unreadable } from '../../core/text/unreadable.ts';
import type { ArtifactManifest, BaseImage, ImageManifest } from '../../core/oci/manifest.ts';
import { createdAnnotation, readTime, timesOf } from '../../core/oci/time.ts';
import { agree, formatPlatform, noPlatform, type Platform } from '../../core/oci/platform.ts';

/** What an index says about one of its entries. */
export interface Entry {
  /** The platform by which a node chooses. */
  readonly named?: Platform;
  /** The times of creation that the entry and its index name. */
  readonly times: readonly number[];
}

/** Annotations of the manifest win over labels of the config; builders write one or the other. */
const baseOf = (manifest: BaseImage, labels: ImageConfig['labels']): BaseImage => {
  const name = manifest.name ?? labels['org.opencontainers.image.base.name'];
  const digest = manifest.digest ?? labels['org.opencontainers.image.base.digest'];
  return { ...(name === undefined ? {} : { name }), ...(digest === undefined ? {} : { digest }) };
};

/**
 * One image from its manifest and config. Its platform is the one that the index names, because a node chooses by the
 * index. A config with another platform is refused: it would be judged as what it is not.
 */
export const platformImage = (
  digest: Digest,
  manifest: ImageManifest,
  config: ImageConfig,
  { named, times }: Entry,
): Result<PlatformImage, Unreadable> => {
  if (named !== undefined && !agree(named, config.platform)) {
    const index = shown(formatPlatform(named));
    return invalidBytes(`the index calls it ${index}, its config ${shown(formatPlatform(config.platform))}`);
  }
  const base = baseOf(manifest.base, config.labels);
  const { user, entrypoint, labels, created } = config;
  return ok({
    digest,
    platform: named ?? config.platform,
    times: timesOf(created, manifest.created, readTime(labels[createdAnnotation]), ...times),
    user,
    entrypoint,
    labels,
    layers: manifest.layers,
    size: manifest.size,
    ...(base.name === undefined && base.digest === undefined ? {} : { base }),
  });
};

/** An artifact. Its config says nothing, so it is described by its annotations. */
export const artifactImage = (
  digest: Digest,
  { type, created, annotations, layers, size }: ArtifactManifest,
  { named, times }: Entry,
): PlatformImage => ({
  digest,
  ...(named === undefined ? { platform: noPlatform, unnamed: true } : { platform: named }),
  artifact: type,
  times: timesOf(created, ...times),
  user: '',
  entrypoint: [],
  labels: annotations,
  layers,
  size,
});

/** Bytes of one image without its texts, and of one text without its characters. Rounded up, since they serve a limit. */
const plainBytes = 600;
const textBytes = 48;

const weightOfImage = ({ user, entrypoint, labels, artifact = '' }: PlatformImage): number => {
  const texts = [user, artifact, ...entrypoint, ...Object.entries(labels).flat()];
  return plainBytes + texts.reduce((sum, text) => sum + textBytes + 2 * text.length, 0);
};

/** About how many bytes the facts take in memory. */
export const weightOfFacts = (facts: ImageFacts): number =>
  facts.platforms.reduce((sum, image) => sum + weightOfImage(image), plainBytes);
