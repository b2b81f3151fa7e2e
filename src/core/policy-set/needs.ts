import type { ImageUnderReview } from './image-under-review.ts';
import { atOnce, type Steps } from '../steps.ts';
import { digestOnly, type ImageNeeds } from '../facts/evidence-kind.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { Digest } from '../image/digest.ts';
import type { ImageReference } from '../image/reference.ts';
import type { ReadImage } from './evaluation-cache.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { MatchedPolicies, MatchedPolicy } from './select.ts';
import { isFenced, textVerdict } from './text-verdict.ts';

const applies = ({ policy }: MatchedPolicy, image: ReadImage, reference: ImageReference): boolean =>
  image.evaluate(policy, reference, false).applies;

/** What is asked for: facts for the checks (`judge`), or digests for `/mutate` (`pin`). */
export type EvidencePurpose = 'judge' | 'pin';

/** A policy in mode Audit only records, so it changes no object either. */
const pins = ({ policy, mode }: MatchedPolicy): boolean => policy.pin && mode !== 'Audit';

const needsOfImage = (
  { fresh, image }: ImageUnderReview,
  matched: MatchedPolicies,
  purpose: EvidencePurpose,
): ImageNeeds | undefined => {
  if (!fresh || !image.parsed.ok) return undefined;
  const reference = image.parsed.value;
  if (purpose === 'judge') return textVerdict(image, reference, matched).needs;
  if (reference.digest !== undefined) return undefined;
  const isPinned = matched.policies.some((one) => pins(one) && applies(one, image, reference));
  return isPinned && !isFenced(image, reference, matched) ? digestOnly : undefined;
};

/** So many looks at a policy are one step; a step is at least one image. */
const askedInStep = 32;

/**
 * What must be known about each image: the union over the matched policies that apply to it. A step is a few images.
 * @returns one entry an image, in the same order; `undefined`: nothing, so no registry is asked for it
 */
export function* asking(
  images: readonly ImageUnderReview[],
  matched: MatchedPolicies,
  purpose: EvidencePurpose = 'judge',
): Steps<readonly (ImageNeeds | undefined)[]> {
  const needs: (ImageNeeds | undefined)[] = [];
  const inStep = Math.ceil(askedInStep / (1 + matched.policies.length));
  for (const image of images) {
    needs.push(needsOfImage(image, matched, purpose));
    if (needs.length % inStep === 0) yield;
  }
  return needs;
}

/** The same, all steps at once. */
export const needsOf = (...of: Parameters<typeof asking>): readonly (ImageNeeds | undefined)[] =>
  atOnce(asking(...of));

/** Whether the policy takes evidence that rests on an older tag result. */
export const acceptsAge = ({ staleFor }: CompiledPolicy, evidence: ImageEvidence): boolean =>
  evidence.staleFor === undefined || (staleFor > 0 && evidence.staleFor <= staleFor);

/**
 * The digest that `/mutate` adds to a fresh image whose text has none; `undefined`: no policy that pins takes one. A
 * policy that takes no stale result does not keep another that does from pinning: a digest always names the same bytes.
 */
export const digestToPin = (
  { fresh, image, evidence }: ImageUnderReview,
  matched: MatchedPolicies,
): Digest | undefined => {
  if (!fresh || !image.parsed.ok || evidence?.pinned.state !== 'known') return undefined;
  const reference = image.parsed.value;
  if (reference.digest !== undefined || isFenced(image, reference, matched)) return undefined;
  const pinned = matched.policies.some(
    (one) => pins(one) && acceptsAge(one.policy, evidence) && applies(one, image, reference),
  );
  return pinned ? evidence.pinned.value : undefined;
};
