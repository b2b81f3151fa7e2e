import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import { createObjectNumbers } from '../../../core/object-numbers.ts';
import { recordingReads, DocumentReads } from '../../rego/values/reads.ts';
import type { Constraint } from '../constraint.ts';
import type { ConstraintReview } from '../review.ts';
import type { ConstraintEvaluation } from './evaluate-constraint.ts';
import { compared, holdsPart, partOfReads, type ComparedDocument, type ReadPart } from './read-part.ts';

/** What came of a constraint, and what it has read of the review for it. */
interface CachedEvaluation {
  readonly read: ReadPart;
  readonly evaluation: ConstraintEvaluation;
  readonly weight: number;
}
interface CachedConstraint {
  /** The last used one first. */
  evaluations: readonly CachedEvaluation[];
  /** Reviews since one of them was used. */
  misses: number;
}

/** Asks constraints about one review, unless they have read the same before. */
interface CachedReview {
  /**
   * @param stepsLeft steps that the review may still take
   * @param evaluate `undefined`: nothing came of it within its bounds
   */
  of(
    constraint: Constraint,
    stepsLeft: number,
    evaluate: () => ConstraintEvaluation | undefined,
  ): ConstraintEvaluation | undefined;
}
export interface ConstraintCache {
  forReview(review: ConstraintReview): CachedReview;
}

const limits = { entries: 4096, weight: 16 * 1024 * 1024 };
/** Each is compared with each review of which the constraint speaks. */
const maxEvaluations = 32;
/** A constraint that reads something else each time, as images do, is evaluated at once but for one review in so many. */
const patience = 32;
const triedOf = 16;
/** Of an entry beside its texts. */
const entryBytes = 400;

const weightOf = ({ violations }: ConstraintEvaluation): number =>
  violations.reduce(
    (sum, { msg, details }) => sum + entryBytes + 2 * (msg.length + JSON.stringify(details).length),
    entryBytes,
  );

/**
 * Constraints say the same again where they read the same again: the Pods of a Deployment differ in a name that hardly
 * any constraint reads. An evaluation takes nothing but its constraint, the review, the clock and a seed. What it has read
 * of the review is compared, part by part; whatever has read clock or seed is not kept, and neither is an error, nor what
 * came to the end of its budget. Steps count as if it had been evaluated, so that all replicas agree.
 *
 * Attack: reviews that fill the cache. Then constraints are evaluated, as without one; what is compared meanwhile is bounded
 * by {@link maxEvaluations} and by the parts of each.
 */
export const createConstraintCache = (): ConstraintCache => {
  const numberOf = createObjectNumbers();
  const cache = createLruCache<CachedConstraint>(limits);

  const cachedOf = (key: string): CachedConstraint => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const fresh: CachedConstraint = { evaluations: [], misses: 0 };
    cache.set(key, fresh, entryBytes);
    return fresh;
  };
  const withFirst = ({ evaluations }: CachedConstraint, first: CachedEvaluation) =>
    [first, ...evaluations.filter((one) => one !== first)].slice(0, maxEvaluations);
  const add = (key: string, cached: CachedConstraint, one: CachedEvaluation): void => {
    cached.evaluations = withFirst(cached, one);
    cache.set(
      key,
      cached,
      cached.evaluations.reduce((sum, { weight }) => sum + weight, entryBytes),
    );
  };

  const evaluationOf = (
    document: ComparedDocument,
    constraint: Constraint,
    stepsLeft: number,
    evaluate: () => ConstraintEvaluation | undefined,
  ): ConstraintEvaluation | undefined => {
    const key = String(numberOf(constraint));
    const cached = cachedOf(key);
    if (cached.misses > patience) {
      cached.misses += 1;
      if (cached.misses % triedOf !== 0) return evaluate();
    }
    const found = cached.evaluations.find(({ read }) => holdsPart(document, read));
    if (found !== undefined && found.evaluation.steps <= stepsLeft) {
      cached.misses = 0;
      if (found !== cached.evaluations[0]) cached.evaluations = withFirst(cached, found);
      return found.evaluation;
    }
    cached.misses += 1;
    const reads = new DocumentReads();
    const evaluation = recordingReads(reads, evaluate);
    if (evaluation === undefined || evaluation.error !== undefined) return evaluation;
    const read = partOfReads(document, reads);
    if (read !== undefined)
      add(key, cached, { read, evaluation, weight: read.weight + weightOf(evaluation) });
    return evaluation;
  };

  return {
    forReview: (review) => {
      let document: ComparedDocument | undefined;
      return {
        of: (constraint, stepsLeft, evaluate) =>
          evaluationOf((document ??= compared(review.document)), constraint, stepsLeft, evaluate),
      };
    },
  };
};
