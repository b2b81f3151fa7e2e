import { unitedNeeds, type ImageNeeds } from '../facts/evidence-kind.ts';
import type { ImageReference } from '../image/reference.ts';
import type { ReadImage } from './evaluation-cache.ts';
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

/** What the policies that match an object make of the text of one image, before anybody looks at its bytes. */
export interface TextVerdict {
  /** The policies that ask for evidence about it. None where it is fenced: it was refused already and not looked up. */
  readonly asking: readonly MatchedPolicy[];
  /** All that they need to know; `undefined`: nothing. */
  readonly needs: ImageNeeds | undefined;
  /** Whether a policy speaks about it, and none of them finds anything in its text. */
  passes(pod: boolean): boolean;
}

const none: readonly never[] = [];

const askingOf = (
  image: ReadImage,
  reference: ImageReference,
  matched: MatchedPolicies,
): readonly MatchedPolicy[] => {
  const asking = matched.policies.filter(
    ({ policy }) => policy.evidence.length > 0 && image.evaluate(policy, reference, false).applies,
  );
  return asking.length === 0 || isFenced(image, reference, matched) ? none : asking;
};

const judgeText = (image: ReadImage, reference: ImageReference, matched: MatchedPolicies): TextVerdict => {
  const asking = askingOf(image, reference, matched);
  const passesAs = (pod: boolean): boolean => {
    const all = matched.policies.map(({ policy }) => image.evaluate(policy, reference, pod));
    return all.some(({ applies }) => applies) && all.every(({ violations }) => violations.length === 0);
  };
  let asPod: boolean | undefined;
  let asOther: boolean | undefined;
  const needs = asking.map(({ policy }) => policy.needs);
  return {
    asking,
    needs: needs.length === 0 ? undefined : needs.reduce(unitedNeeds),
    passes: (pod) => (pod ? (asPod ??= passesAs(true)) : (asOther ??= passesAs(false))),
  };
};

/**
 * The same images are judged in a namespace again and again, and each of its policies was looked up for each of them several
 * times in every review.
 */
export const textVerdict = (
  image: ReadImage,
  reference: ImageReference,
  matched: MatchedPolicies,
): TextVerdict =>
  matched.isShared === true
    ? image.once(matched, () => judgeText(image, reference, matched))
    : judgeText(image, reference, matched);
