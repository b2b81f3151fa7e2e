import type { PlatformImage } from '../../core/facts/image-facts.ts';
import type { IndexEntry } from '../../core/oci/image-index.ts';

/** What was found at one end of an index: an image, or an artifact. */
export interface Leaf {
  readonly image: PlatformImage;
  /** Of an artifact: its bytes prove that it is no image. */
  readonly proven?: true;
  /** No runtime comes to it: it stands beside images, and they are taken. */
  readonly beside?: true;
}

const isImage = ({ image }: Leaf): boolean => image.artifact === undefined;

/**
 * Marks what no runtime takes for an image of the index. That its bytes prove it to be none is not enough: containerd
 * starts a container without files from an empty config (core/images/image.go, `RootFS`), as root, and its user may
 * bring a program in a volume. So it must not be reached either:
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

/** What is judged: everything that a runtime may take, and what lies beside only where there is no image at all. */
export const imagesOf = (leaves: readonly Leaf[]): readonly PlatformImage[] => {
  const kept = leaves.some(isImage) ? leaves.filter(({ beside }) => beside !== true) : leaves;
  return kept.map(({ image }) => image);
};
