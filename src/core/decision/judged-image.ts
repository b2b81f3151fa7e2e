import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';
import type { EvidenceTrail, JudgedImage } from './decision.ts';
import { shownBriefly } from '../text/shown-text.ts';

/** Bounds of what the record keeps, so that secrets with long names cannot fill it. */
const maxLines = 6;
const maxLineLength = 160;

const bounded = (lines: readonly string[]): readonly string[] =>
  lines.slice(0, maxLines).map((one) => shownBriefly(one, maxLineLength));

/** An answer is given to many reviews, and its lines are cut and escaped for the first of them alone (R24). */
const trails = new WeakMap<ImageEvidence, EvidenceTrail>();

const trailOf = (evidence: ImageEvidence): EvidenceTrail => {
  const made = trails.get(evidence);
  if (made !== undefined) return made;
  const { tried, claims, staleFor } = evidence;
  const trail = {
    tried: bounded(tried),
    ...(claims === undefined ? {} : { claims: bounded(claims) }),
    ...(staleFor === undefined ? {} : { staleFor }),
  };
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
    ...(pinned.state === 'known' && image.shown.digest === undefined ? { digest: pinned.value } : undefined),
    evidence: trailOf(evidence),
  };
};
