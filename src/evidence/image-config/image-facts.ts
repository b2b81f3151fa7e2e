import {
  formatPlatform,
  type ImageFacts,
  type Platform,
  type PlatformImage,
} from '../../core/facts/image-facts.ts';
import { shown } from '../../core/decision/shown-text.ts';
import { ok, type Result } from '../../core/result.ts';
import type { ImageConfig } from './config.ts';
import { invalid, type Unreadable } from '../unreadable.ts';
import type { Base, ImageManifest } from './manifest.ts';
import { agree } from '../../core/facts/platform.ts';

/** Annotations of the manifest first, then labels: builders write one or the other. */
const baseOf = (manifest: Base, labels: ImageConfig['labels']): Base => {
  const name = manifest.name ?? labels['org.opencontainers.image.base.name'];
  const digest = manifest.digest ?? labels['org.opencontainers.image.base.digest'];
  return { ...(name === undefined ? {} : { name }), ...(digest === undefined ? {} : { digest }) };
};

/**
 * One image from its manifest and config. `named`: the platform that the index names for it; a node chooses by that, so
 * a config that says otherwise would be judged as what it is not.
 */
export const platformImage = (
  digest: string,
  manifest: ImageManifest,
  config: ImageConfig,
  named?: Platform,
): Result<PlatformImage, Unreadable> => {
  if (named !== undefined && !agree(named, config.platform)) {
    const index = shown(formatPlatform(named));
    return invalid(`the index calls it ${index}, its config ${shown(formatPlatform(config.platform))}`);
  }
  const base = baseOf(manifest.base, config.labels);
  const { user, entrypoint, labels, created } = config;
  return ok({
    digest,
    platform: named ?? config.platform,
    ...(created === undefined ? {} : { created }),
    user,
    entrypoint,
    labels,
    layers: manifest.layers,
    size: manifest.size,
    ...(base.name === undefined && base.digest === undefined ? {} : { base }),
  });
};

/** Of one image without its texts, and of one text beside its characters: rounded up, since a bound needs no more. */
const plainBytes = 600;
const textBytes = 48;

const weightOfImage = ({ user, entrypoint, labels }: PlatformImage): number => {
  const texts = [user, ...entrypoint, ...Object.entries(labels).flat()];
  return plainBytes + texts.reduce((sum, text) => sum + textBytes + 2 * text.length, 0);
};

/** About how many bytes the facts hold in memory. */
export const weightOfFacts = (facts: ImageFacts): number =>
  facts.platforms.reduce((sum, image) => sum + weightOfImage(image), plainBytes);
