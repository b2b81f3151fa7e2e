import type { Clock } from '../../concurrency/clock.ts';
import { unavailable } from '../../core/facts/fact.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import { imageVerification, type ImageVerification } from '../../core/decision/image-verification.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import type { Deadline } from '../deadline.ts';
import type { Review } from '../review/review.ts';
import { createJudgeImage } from './judge-image.ts';

interface VerifyImageDeps {
  /** Over the same policies. */
  readonly review: Review;
  /** The policies, as far as they ask for signatures and attestations. */
  readonly policies: PolicySet;
  /** What a review found out about an image. */
  readonly found: (image: ImageReference) => ImageEvidence | undefined;
  readonly clock: Clock;
}

/** Labels are of namespaces, and a bare image is in none. */
const noLabels = unavailable('namespace labels', 'an image by itself is in no namespace');

/**
 * Judges one bare reference as `check image` does, and tells all that was found: each candidate with each check, and what
 * each authority makes of it.
 */
export const createVerifyImage = ({ review, policies, found, clock }: VerifyImageDeps) => {
  const judge = createJudgeImage({ review, clock, namespace: '' });
  return async (image: ImageReference, deadline: Deadline): Promise<ImageVerification> => {
    const decision = await judge(image.given, deadline);
    return imageVerification({
      decision,
      evidence: found(image),
      policies: policies.policies,
      situation: { now: Date.parse(decision.time), namespace: '', namespaceLabels: noLabels },
    });
  };
};
