import type { Clock } from '../concurrency/clock.ts';
import type { Decision } from '../core/decision/decision.ts';
import { shown } from '../core/text/shown-text.ts';
import { maxImages, type ImageUse } from '../core/workload/found-images.ts';
import type { Deadline } from './deadline.ts';
import { gateFinding, type DecisionBuilder, type DecisionOrigin } from './review/decision-builder.ts';
import type { Review } from './review/review.ts';

/** An `ImageReview` of imagepolicy.k8s.io/v1alpha1: image texts and a namespace, nothing else is known (R21). */
export interface ImageReviewRequest {
  readonly namespace: string;
  readonly images: readonly string[];
  readonly caller: 'verified' | 'unverified';
}

const originOf = (request: ImageReviewRequest): DecisionOrigin => ({
  source: 'admission',
  operation: 'CREATE',
  caller: request.caller,
  object: {
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    ...(request.namespace === '' ? {} : { namespace: shown(request.namespace) }),
  },
});

const useOf = (given: string, index: number): ImageUse => ({
  path: `spec.containers[${index}].image`,
  given,
  place: `spec.containers[${index}]`,
});

interface ReviewImagesDeps {
  readonly review: Review;
  readonly buildDecision: DecisionBuilder;
  readonly clock: Clock;
  readonly onBug: (error: unknown) => void;
}

/**
 * Judges bare images for the API server's ImagePolicyWebhook. An addition to `/validate`, never a substitute:
 * it sees no old object, no volume and no label, so selectors count as matching.
 */
export const createReviewImages =
  ({ review, buildDecision, clock, onBug }: ReviewImagesDeps) =>
  async (request: ImageReviewRequest, deadline: Deadline): Promise<Decision> => {
    const started = clock.monotonic();
    const origin = originOf(request);
    const refuse = (finding: ReturnType<typeof gateFinding>): Decision =>
      buildDecision(origin, { findings: [finding] }, started);
    if (request.images.length > maxImages) {
      return refuse(
        gateFinding('too-many-images', `spec.containers: more than ${maxImages} images in one review`),
      );
    }
    try {
      const what = { kind: 'images' as const, images: request.images.map(useOf) };
      return await review({ origin, namespace: request.namespace, what, started }, deadline);
    } catch (error) {
      onBug(error);
      return refuse(gateFinding('internal-error', 'the gate failed while judging this request'));
    }
  };
