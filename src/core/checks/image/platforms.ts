/*
 * image.platforms, multiArch
 *
 * Reads:   the platforms of the images behind one name.
 * Allows:  images for the listed platforms. `multiArch` says which images behind an index are judged, and each platform
 *          that it names must be there.
 * Refuses: image-platform
 */
import type { ImageFacts, PlatformImage } from '../../facts/image-facts.ts';
import { chosenImages } from '../../facts/platform-choice.ts';
import { isFallbackOf, matchesPlatform } from '../../oci/platform.ts';
import type { MultiArch } from '../../policy/schema/schema.ts';
import { listed, listPatterns, pass, type EvidenceViolation } from '../check.ts';
import { failingOf, onPlatforms, platformName, reasonsOf, type Condition } from './condition.ts';

/**
 * `platforms`: refuses images for machines that the cluster does not have. An image that nodes only fall back to is
 * no reason to refuse an index: it counts as the platform for which it stands in, and is judged in every other way.
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
      image.artifact !== undefined ||
      standsIn(image) ||
      allowed.some((platform) => matchesPlatform(platform, image.platform))
        ? undefined
        : `it is for ${platformName(image)}`,
    );
    if (failing.length === 0) return pass;
    return [
      {
        code: 'image-platform',
        says: `is for a platform that is not allowed${onPlatforms(subject, failing)}`,
        detail: reasonsOf(subject, failing),
        remedy: `use an image for ${listPatterns(allowed)}`,
      },
    ];
  };

const lacking = (wanted: readonly string[], present: readonly PlatformImage[]): EvidenceViolation => ({
  code: 'image-platform',
  says: `is not there for ${wanted.length === 0 ? 'any platform' : listPatterns(wanted)}`,
  detail:
    present.length === 0
      ? 'no image for a platform is known behind its index'
      : `it is there for ${listed(present, platformName)}`,
  remedy:
    'build the image for these platforms too, or name in `multiArch.platforms` those that your nodes have',
});

/** The images behind one name that a policy judges, and the violation when the policy wants others. */
interface Choice {
  readonly isIndex: boolean;
  readonly platforms: readonly PlatformImage[];
  /** The type of the first artifact among them. */
  readonly artifact: string | undefined;
  readonly violations: readonly EvidenceViolation[];
}

const artifactOf = (platforms: readonly PlatformImage[]): string | undefined =>
  platforms.find(({ artifact }) => artifact !== undefined)?.artifact;

const choose = ({ platforms, isIndex }: ImageFacts, { mode, platforms: wanted }: MultiArch): Choice => {
  if (mode !== 'platforms') {
    const violations = platforms.length === 0 ? [lacking([], [])] : pass;
    return { isIndex, platforms, artifact: artifactOf(platforms), violations };
  }
  const chosen = chosenImages(wanted, platforms);
  const missing = wanted.filter((name) => !platforms.some(({ platform }) => matchesPlatform(name, platform)));
  // An artifact is for no machine, so none can be missing.
  const isData = chosen.length > 0 && chosen.every(({ artifact }) => artifact !== undefined);
  const complete = isData || missing.length === 0 || (!isIndex && missing.length < wanted.length);
  const violations = complete ? pass : [lacking(missing, platforms)];
  return { isIndex, platforms: chosen, artifact: artifactOf(chosen), violations };
};

/**
 * The images that a policy judges. Facts may hold more, gathered for another policy. An index must have every platform
 * that is named; a single image must be for one of them. Where nothing is left to judge, that is a violation: conditions
 * on no platform at all would all hold. Facts are chosen from once, however many rules ask.
 */
export const choosePlatforms = (multiArch: MultiArch): ((facts: ImageFacts) => Choice) => {
  const chosen = new WeakMap<ImageFacts, Choice>();
  return (facts) => {
    const known = chosen.get(facts);
    if (known !== undefined) return known;
    const choice = choose(facts, multiArch);
    chosen.set(facts, choice);
    return choice;
  };
};
