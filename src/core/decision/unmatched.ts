import { brokenApplies, type MatchedPolicies, type MatchedPolicy } from '../policy-set/select.ts';
import type { ImageUse } from '../workload/found-images.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';
import { strictest, type Mode } from '../policy/mode.ts';
import type { Finding } from './finding.ts';
import { shown } from '../text/shown-text.ts';

/** `--unmatched`: overrides what R1 does with an image that no policy matches. */
export type Unmatched = 'deny' | 'allow' | undefined;

const unmatched = (use: ImageUse, policy: string, mode: Mode): Finding => ({
  policy,
  check: policy === '' ? 'gate' : 'match',
  mode,
  path: use.path,
  code: 'unmatched',
  message: `no policy speaks about image '${shown(use.given)}'`,
  remedy: 'add the image to the `match.images` of a policy that covers this namespace',
});

const unmatchedMode = (mode: Mode, override: Unmatched): Mode => {
  if (override === undefined) return mode;
  return override === 'deny' ? 'Deny' : 'Audit';
};

/** The strictest of the matched policies, the first by name among equals. */
const strictestOf = (matched: readonly MatchedPolicy[]): MatchedPolicy | undefined => {
  let found: MatchedPolicy | undefined;
  for (const candidate of matched) {
    if (
      found === undefined ||
      (strictest(found.mode, candidate.mode) !== found.mode && found !== candidate)
    ) {
      found = candidate;
    }
  }
  return found;
};

/** R4: a template may wait for its image, and extraction leaves it out; a Pod without one is denied everywhere. */
const blankImage = (use: ImageUse): Finding => ({
  policy: '',
  check: 'gate',
  mode: 'Deny',
  path: use.path,
  code: 'invalid-reference',
  message: 'a container of the Pod names no image',
  remedy: 'write the image that the container is to run',
});

/**
 * R1 for an image outside the `match.images` of every matched policy. The mode of a policy that cannot be used is not known and counts
 * as Deny: a policy that breaks must not open what it closed.
 */
export const judgeUnmatched = (
  { use, image }: ImageUnderReview,
  matched: MatchedPolicies,
  override: Unmatched,
): Finding | undefined => {
  if (brokenApplies(matched, image)) return undefined;
  if (use.given.trim() === '') return blankImage(use);
  const [broken] = matched.broken;
  if (broken !== undefined) return unmatched(use, broken.name, unmatchedMode('Deny', override));
  const strict = strictestOf(matched.policies);
  return unmatched(use, strict?.policy.name ?? '', unmatchedMode(strict?.mode ?? 'Audit', override));
};
