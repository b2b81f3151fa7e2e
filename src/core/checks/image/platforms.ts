import type { ImageFacts, PlatformImage } from '../../facts/image-facts.ts';
import { chosenOf, isFallbackOf, matchesPlatform } from '../../facts/platform.ts';
import type { ImageReference } from '../../image/reference.ts';
import type { MultiArch } from '../../policy/schema.ts';
import { listPatterns, pass } from '../check.ts';
import type { CheckSituation, Violation } from '../check.ts';
import type { Condition, Subject } from './condition.ts';
import { failingOf, named, onPlatforms, platformName, reasonsOf } from './condition.ts';

/**
 * `platforms`: images for machines that the cluster has not. What stands behind an index for a node to fall back to is
 * no reason to refuse: it counts as the platform that it stands in for, and all else is judged of it.
 */
export const allowedPlatforms =
  (allowed: readonly string[], { mode, platforms: wanted }: MultiArch): Condition =>
  (subject) => {
    const standsIn = ({ platform }: PlatformImage): boolean =>
      mode === 'platforms' &&
      subject.isIndex &&
      wanted.some((node) => isFallbackOf(node, platform)) &&
      !wanted.some((node) => matchesPlatform(node, platform));
    const failing = failingOf(subject, (image) =>
      standsIn(image) || allowed.some((platform) => matchesPlatform(platform, image.platform))
        ? undefined
        : `it is for ${platformName(image)}`,
    );
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-platform',
        message: `${named(subject)} is for a platform that is not allowed${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use an image for ${listPatterns(allowed)}`,
      },
    ];
  };

const lacking = (
  subject: Subject,
  wanted: readonly string[],
  present: readonly PlatformImage[],
): Violation => ({
  code: 'image-platform',
  message: `${named(subject)} is not there for ${wanted.length === 0 ? 'any platform' : listPatterns(wanted)}`,
  detail:
    present.length === 0
      ? 'no image for a platform is known behind its index'
      : `it is there for ${listPatterns(present.map(platformName))}`,
  remedy:
    'build the image for these platforms too, or name in `multiArch.platforms` those that your nodes have',
});

export interface Choice {
  readonly subject: Subject;
  readonly violations: readonly Violation[];
}

/**
 * The images that a policy judges. Facts may hold more, gathered for another policy. An index must have every platform
 * that is named; a single image must be for one of them. Where nothing is left to judge, that is a violation: conditions
 * on no platform at all would all hold.
 */
export const choosePlatforms = (
  image: ImageReference,
  { platforms, isIndex }: ImageFacts,
  { mode, platforms: wanted }: MultiArch,
  situation: CheckSituation,
): Choice => {
  const everything: Subject = { image, isIndex, platforms, situation };
  if (mode !== 'platforms') {
    return { subject: everything, violations: platforms.length === 0 ? [lacking(everything, [], [])] : pass };
  }
  const chosen = chosenOf(wanted, platforms, ({ unnamed, platform }) =>
    unnamed === true ? undefined : platform,
  );
  const missing = wanted.filter((name) => !platforms.some(({ platform }) => matchesPlatform(name, platform)));
  const complete = missing.length === 0 || (!isIndex && missing.length < wanted.length);
  return {
    subject: { ...everything, platforms: chosen },
    violations: complete ? pass : [lacking(everything, missing, platforms)],
  };
};
