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

/** Of one trail, at the places and under the names where it was said last. */
const maxMade = 4;
const madeOf = new WeakMap<EvidenceTrail, JudgedImage[]>();

const isOf =
  (path: string, { given, reference, digest }: Omit<JudgedImage, 'path'>) =>
  (known: JudgedImage): boolean =>
    known.path === path && known.given === given && known.reference === reference && known.digest === digest;

/** An image as the record has it. Pods of one template have the same images at the same places: it is made for the first. */
export const judgedImage = ({ use, image, evidence }: ImageUnderReview): JudgedImage => {
  const { path } = use;
  if (evidence === undefined) return { path, ...image.shown };
  const { pinned } = evidence;
  const shown =
    pinned.state === 'known' && image.shown.digest === undefined
      ? { ...image.shown, digest: pinned.value }
      : image.shown;
  const trail = trailOf(evidence);
  const all = madeOf.get(trail) ?? [];
  const known = all.find(isOf(path, shown));
  if (known !== undefined) return known;
  const judged = { path, ...shown, evidence: trail };
  madeOf.set(trail, [judged, ...all.slice(0, maxMade - 1)]);
  return judged;
};
