import type { Decision, EvidenceTrail, JudgedImage } from './decision.ts';

/** How evidence was obtained is said of many reviews in one text (R24). */
const trailTexts = new WeakMap<EvidenceTrail, string>();

const trailText = (trail: EvidenceTrail): string => {
  const made = trailTexts.get(trail);
  if (made !== undefined) return made;
  const text = JSON.stringify(trail);
  trailTexts.set(trail, text);
  return text;
};

const imageText = (image: JudgedImage): string => {
  const { evidence } = image;
  if (evidence === undefined) return JSON.stringify(image);
  const own = JSON.stringify({ ...image, evidence: undefined });
  return `${own.slice(0, -1)},"evidence":${trailText(evidence)}}`;
};

const none: readonly never[] = [];
/** Quotes within texts are escaped, so nothing that a decision says can hold this. */
const noImages = '"images":[]';

/**
 * A decision as JSON, the same text as `JSON.stringify` makes. What evidence says of images is most of a decision about
 * signed ones, and to write it anew for each review cost more than judging them.
 */
export const decisionJson = (decision: Decision): string => {
  const { images } = decision;
  if (!images.some(({ evidence }) => evidence !== undefined)) return JSON.stringify(decision);
  const text = JSON.stringify({ ...decision, images: none });
  const at = text.indexOf(noImages) + noImages.length - 1;
  return text.slice(0, at) + images.map(imageText).join(',') + text.slice(at);
};
