import type { ImageEvidence } from '../facts/image-evidence.ts';
import { formatDigest } from '../image/digest.ts';
import type { ImageUnderReview } from './decide.ts';
import type { EvidenceTrail, JudgedImage } from './decision.ts';
import { shownBriefly } from './shown-text.ts';

/** Bounds of what the record keeps, so that secrets with long names cannot fill it. */
const mostTried = 6;
const longestTried = 128;

const makeTrail = ({ tried, staleFor }: ImageEvidence): EvidenceTrail => ({
  tried: tried.slice(0, mostTried).map((one) => shownBriefly(one, longestTried)),
  ...(staleFor === undefined ? {} : { staleFor }),
});

/** The same evidence is given to many reviews for a while, and making its texts safe costs more than all the rest. */
const trails = new WeakMap<ImageEvidence, EvidenceTrail>();
const trailOf = (evidence: ImageEvidence): EvidenceTrail => {
  const made = trails.get(evidence);
  if (made !== undefined) return made;
  const trail = makeTrail(evidence);
  trails.set(evidence, trail);
  return trail;
};

/** An image as the record has it. */
export const judgedImage = ({ use, image, evidence }: ImageUnderReview): JudgedImage => {
  if (evidence === undefined) return { path: use.path, ...image.shown };
  const { pinned } = evidence;
  return {
    path: use.path,
    ...image.shown,
    ...(pinned.state === 'known' && image.shown.digest === undefined
      ? { digest: formatDigest(pinned.value) }
      : undefined),
    evidence: trailOf(evidence),
  };
};
