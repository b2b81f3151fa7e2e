import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import { sameNeeds, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import { unavailable } from '../../core/facts/fact.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { Evidence, EvidenceRequest } from '../../evidence/gather.ts';
import type { PullContext } from '../../evidence/ports.ts';
import type { Deadline } from '../deadline.ts';

/** The requests for evidence: one for each image, however many containers run it. */
interface Question {
  readonly requests: readonly EvidenceRequest[];
  /** For each image of the review the index of its request; `undefined` when it needs none. */
  readonly places: readonly (number | undefined)[];
}

const sameImage = (one: ImageReference, other: ImageReference): boolean =>
  one === other ||
  (one.repository === other.repository &&
    one.host === other.host &&
    (one.tag ?? 'latest') === (other.tag ?? 'latest') &&
    one.digest === other.digest);

/** Compared part by part: a Pod has few images, and to make a key of each takes longer than to compare them. */
const isSame = (one: EvidenceRequest, image: ImageReference, needs: ImageNeeds): boolean =>
  sameImage(one.image, image) && sameNeeds(one.needs, needs);

/** `nginx` and `docker.io/library/nginx:latest` in one object are one question, so they get one digest (B1). */
const questionOf = (
  images: readonly ImageUnderReview[],
  needs: readonly (ImageNeeds | undefined)[],
): Question => {
  const requests: EvidenceRequest[] = [];
  const places = images.map(({ image }, at) => {
    const needed = needs[at];
    if (needed === undefined || !image.parsed.ok) return undefined;
    const reference = image.parsed.value;
    const place = requests.findIndex((request) => isSame(request, reference, needed));
    return place >= 0 ? place : requests.push({ image: reference, needs: needed }) - 1;
  });
  return { requests, places };
};

const withoutAnswer = (why: string): ImageEvidence => ({
  pinned: unavailable('the image', why),
  facts: {},
  tried: [],
});

const noAccess = withoutAnswer('this gate was started without registry access');
const timedOut = withoutAnswer('nobody answered before the deadline of the review');
const overloaded = withoutAnswer(
  'too many large objects wait for registries already, of this namespace before all',
);

/** Time that is kept for the decision and its answer: a tenth of what is left, at most this, in milliseconds. */
const maxMargin = 250;

/**
 * The answers, or none at the deadline. When the signal aborts, evidence returns what it has, within half of the
 * margin. What is still missing then is missing in the decision, which says so.
 */
const inTime = async (
  evidence: Evidence,
  requests: readonly EvidenceRequest[],
  context: PullContext | undefined,
  deadline: Deadline,
): Promise<readonly ImageEvidence[]> => {
  const left = Math.max(0, deadline.remaining());
  const margin = Math.min(maxMargin, left / 10);
  const abort = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const noAnswers = new Promise<readonly ImageEvidence[]>((resolve) => {
    timers.push(setTimeout(() => abort.abort(), left - margin));
    timers.push(setTimeout(() => resolve([]), left - margin / 2));
  });
  try {
    return await Promise.race([evidence.gather(requests, context, abort.signal), noAnswers]);
  } catch (error) {
    // The other images are no longer needed.
    abort.abort();
    throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
};

/**
 * Hop 5: looks up the images that need evidence, each once. Answers at once when none does, so that a review without
 * evidence costs nothing, and when everything is cached: then there is nothing to wait for and no timer. Without
 * registry access everything is unavailable, never a pass.
 * @returns the images in the same order, each with its evidence
 */
export const gatherFacts = (
  evidence: Evidence | undefined,
  images: readonly ImageUnderReview[],
  needs: readonly (ImageNeeds | undefined)[],
  { context, deadline }: { readonly context: () => PullContext | undefined; readonly deadline: Deadline },
): readonly ImageUnderReview[] | Promise<readonly ImageUnderReview[]> => {
  const { requests, places } = questionOf(images, needs);
  if (requests.length === 0) return images;
  const join = (answers: readonly ImageEvidence[], otherwise: ImageEvidence): readonly ImageUnderReview[] =>
    images.map((one, at) => {
      const place = places[at];
      if (place === undefined) return one;
      const { use, fresh, image } = one;
      return { use, fresh, image, evidence: answers[place] ?? otherwise };
    });
  if (evidence === undefined) return join([], noAccess);
  const pullContext = context();
  const cached = evidence.cached?.(requests, pullContext);
  if (cached !== undefined) return join(cached, timedOut);
  // A tenant who creates large objects with images of a silent registry must not use up the memory of all reviews.
  if (deadline.mayWait?.(pullContext?.namespace ?? '') === false) return join([], overloaded);
  return inTime(evidence, requests, pullContext, deadline).then((answers) => join(answers, timedOut));
};
