import type { ImageUnderReview } from './image-under-review.ts';
import { atOnce, type Steps } from '../steps.ts';
import { digestOnly, unitedNeeds, type ImageNeeds } from '../facts/evidence-kind.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { Digest } from '../image/digest.ts';
import type { ImageReference } from '../image/reference.ts';
import type { ReadImage } from './evaluation-cache.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { brokenApplies, type MatchedPolicies, type MatchedPolicy } from './select.ts';

/**
 * Whether the image is refused before its bytes are read: by a `registries` check in mode Deny, or by a policy that
 * cannot be used. Its registry is never asked: a name in a Pod must not make the gate connect to a host that a policy
 * forbids (B26), and a refusal by text must not wait for a network.
 */
export const isFenced = (image: ReadImage, reference: ImageReference, matched: MatchedPolicies): boolean =>
  brokenApplies(matched, image) ||
  matched.policies.some(
    ({ policy, mode }) =>
      mode === 'Deny' &&
      image.evaluate(policy, reference, false).violations.some(({ check }) => check === 'registries'),
  );

const applies = ({ policy }: MatchedPolicy, image: ReadImage, reference: ImageReference): boolean =>
  image.evaluate(policy, reference, false).applies;

/** What is asked for: facts for the checks (`judge`), or digests for `/mutate` (`pin`). */
export type EvidencePurpose = 'judge' | 'pin';

/** A policy in mode Audit only records, so it changes no object either. */
const pins = ({ policy, mode }: MatchedPolicy): boolean => policy.pin && mode !== 'Audit';

/** What one policy needs to know; `undefined`: nothing for this purpose. */
const needsOfPolicy = (one: MatchedPolicy, purpose: EvidencePurpose): ImageNeeds | undefined => {
  if (purpose === 'pin') return pins(one) ? digestOnly : undefined;
  return one.policy.evidence.length > 0 ? one.policy.needs : undefined;
};

const needsOfImage = (
  { fresh, image }: ImageUnderReview,
  matched: MatchedPolicies,
  purpose: EvidencePurpose,
): ImageNeeds | undefined => {
  if (!fresh || !image.parsed.ok) return undefined;
  const reference = image.parsed.value;
  if (purpose === 'pin' && reference.digest !== undefined) return undefined;
  let needs: ImageNeeds | undefined;
  for (const one of matched.policies) {
    const own = needsOfPolicy(one, purpose);
    if (own === undefined || !applies(one, image, reference)) continue;
    needs = needs === undefined ? own : unitedNeeds(needs, own);
  }
  return needs === undefined || isFenced(image, reference, matched) ? undefined : needs;
};

/**
 * What must be known about each image: the union over the matched policies that apply to it. A step is one image.
 * @returns one entry an image, in the same order; `undefined`: nothing, so no registry is asked for it
 */
export function* asking(
  images: readonly ImageUnderReview[],
  matched: MatchedPolicies,
  purpose: EvidencePurpose = 'judge',
): Steps<readonly (ImageNeeds | undefined)[]> {
  const needs: (ImageNeeds | undefined)[] = [];
  for (const image of images) {
    needs.push(needsOfImage(image, matched, purpose));
    yield;
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
