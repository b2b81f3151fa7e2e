import { isFallbackOf, matchesPlatform, type Platform } from '../oci/platform.ts';
import type { PlatformChoice, PlatformImage } from './image-facts.ts';

/**
 * Of the images behind one index those that a node of a chosen platform may run: every variant, because nodes take lower
 * ones too and runtimes differ in what they call alike; always the architecture that it falls back to, because a child
 * for its own may have a variant, `os.version` or `os.features` that this node has not, and then it is passed over
 * (containerd/platforms platforms.go, `matcher.Match`); and what names no platform (`undefined`), which CRI-O runs when
 * nothing else fits, whatever its config says (containers/image oci_index.go, `ChooseInstance`). Attack: an index with a
 * good image that no node takes beside the bad one that it does.
 */
export const chosenOf = <T>(
  choice: PlatformChoice,
  items: readonly T[],
  platformOf: (item: T) => Platform | undefined,
): readonly T[] => {
  if (choice === 'all') return items;
  const nodes = choice.map((wanted) => wanted.split('/', 2).join('/'));
  return items.filter((item) => {
    const platform = platformOf(item);
    if (platform === undefined) return true;
    return nodes.some((node) => matchesPlatform(node, platform) || isFallbackOf(node, platform));
  });
};

/** The images that are judged where these platforms are named. */
export const chosenImages = (
  choice: PlatformChoice,
  images: readonly PlatformImage[],
): readonly PlatformImage[] =>
  chosenOf(choice, images, ({ unnamed, platform }) => (unnamed === true ? undefined : platform));

/** Equal for equal choices. */
export const choiceKey = (choice: PlatformChoice): string =>
  choice === 'all' ? choice : choice.toSorted().join(',');

/** What covers both. */
export const unitedChoice = (one: PlatformChoice, other: PlatformChoice): PlatformChoice =>
  one === 'all' || other === 'all' ? 'all' : [...new Set([...one, ...other])];
