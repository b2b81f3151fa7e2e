import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { Deadline } from '../deadline.ts';
import type { DecisionOrigin } from '../review/decision-builder.ts';
import type { Review } from '../review/review.ts';

interface JudgeImageDeps {
  readonly review: Review;
  readonly clock: Clock;
  /** `-n`: where the image is to run. */
  readonly namespace: string;
}

const originOf = (text: string, namespace: string): DecisionOrigin => ({
  source: 'image',
  object: {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImageReference',
    ...(namespace === '' ? {} : { namespace: shown(namespace) }),
    name: shown(text),
  },
});

/**
 * Judges one bare reference, for a pipeline before a push or a deploy: the policies of its namespace, every selector
 * counting as matching, because no object is known (as R21 has it). One reference, one decision.
 * @param called - how people call what is judged, where that is no reference
 */
export const createJudgeImage =
  ({ review, clock, namespace }: JudgeImageDeps) =>
  async (text: string, deadline: Deadline, called = text): Promise<Decision> => {
    const what = { kind: 'images' as const, images: [{ path: 'image', given: text, place: 'image' }] };
    const origin = originOf(called, namespace);
    return review({ origin, namespace, what, started: clock.monotonic() }, deadline);
  };
