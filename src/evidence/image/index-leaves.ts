import type { PlatformImage } from '../../core/facts/image-facts.ts';
import type { IndexEntry } from '../../core/oci/image-index.ts';

/** An image or an artifact within an index. */
export interface Leaf {
  readonly image: PlatformImage;
  /** The bytes of the artifact prove that it is no image. */
  readonly proven?: true;
  /** No runtime chooses it, because it stands beside images that are chosen instead. */
  readonly beside?: true;
}

const isImage = ({ image }: Leaf): boolean => image.artifact === undefined;

/**
 * Marks the artifacts that no runtime chooses as the image of the index. Bytes that prove an artifact to be no image are not
 * enough: containerd starts a container without files from an empty config (core/images/image.go, `RootFS`), as root, and
 * its user may bring a program in a volume. So a runtime must not reach it either:
 * - with a platform, an image stands before it whose platform is the same letter by letter: runtimes sort stably and
 *   take the first (image.go, `Manifest`);
 * - without one, containerd reads the platform in its config (image.go, `ConfigPlatform`), where there is none.
 * Attack: an artifact as the first entry for the platform of the nodes, or the only one, before a good image.
 */
export const besideImages = (
  entries: readonly IndexEntry[],
  found: readonly (readonly Leaf[])[],
): readonly Leaf[] => {
  const taken = new Set<string>();
  return entries.flatMap(({ spelling, digest }, at) => {
    const leaves = found[at] ?? [];
    if (spelling !== undefined && leaves.length > 0 && leaves.every(isImage)) taken.add(spelling);
    const isReached = (leaf: Leaf): boolean =>
      spelling === undefined ? leaf.image.digest !== digest : !taken.has(spelling);
    return leaves.map((leaf) =>
      leaf.proven === true && !isReached(leaf) ? { ...leaf, beside: true as const } : leaf,
    );
  });
};

/** What is judged: everything that a runtime may choose, and the artifacts beside only where there is no image at all. */
export const imagesOf = (leaves: readonly Leaf[]): readonly PlatformImage[] => {
  const kept = leaves.some(isImage) ? leaves.filter(({ beside }) => beside !== true) : leaves;
  return kept.map(({ image }) => image);
};
