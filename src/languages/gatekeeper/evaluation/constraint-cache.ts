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
  /** Of the last evaluation. */
  steps: number;
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
/** An evaluation of so few steps takes no longer than to compare what it has read. */
const fewSteps = 48;
/** Of an entry beside its texts. */
const entryBytes = 400;

const weightOf = ({ violations }: ConstraintEvaluation): number =>
  violations.reduce(
    (sum, { msg, details }) => sum + entryBytes + 2 * (msg.length + JSON.stringify(details).length),
    entryBytes,
  );

const withFirst = ({ evaluations }: CachedConstraint, first: CachedEvaluation): readonly CachedEvaluation[] =>
  [first, ...evaluations.filter((one) => one !== first)].slice(0, maxEvaluations);

/** Whether it is worth to compare a review with others; a constraint that never finds one is tried now and then. */
const isWorthwhile = (cached: CachedConstraint, cheapSteps: number): boolean => {
  if (cached.steps <= cheapSteps) return false;
  if (cached.misses <= patience) return true;
  cached.misses += 1;
  return cached.misses % triedOf === 0;
};

/**
 * Constraints say the same again where they read the same again: the Pods of a Deployment differ in a name that hardly
 * any constraint reads. An evaluation takes nothing but its constraint, the review, the clock and a seed. What it has read
 * of the review is compared, part by part; whatever has read clock or seed is not kept, and neither is an error, nor what
 * came to the end of its budget. Steps count as if it had been evaluated, so that all replicas agree.
 *
 * Attack: reviews that fill the cache. Then constraints are evaluated, as without one; what is compared meanwhile is bounded
 * by {@link maxEvaluations} and by the parts of each.
 *
 * @param cheapSteps evaluations of so many steps are cheap, and those behind one are not kept
 */
export const createConstraintCache = (cheapSteps = fewSteps): ConstraintCache => {
  const numberOf = createObjectNumbers();
  const cache = createLruCache<CachedConstraint>(limits);

  const cachedOf = (key: string): CachedConstraint => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const fresh: CachedConstraint = { evaluations: [], misses: 0, steps: Infinity };
    cache.set(key, fresh, entryBytes);
    return fresh;
  };
  const add = (key: string, cached: CachedConstraint, one: CachedEvaluation): void => {
    cached.evaluations = withFirst(cached, one);
    cache.set(
      key,
      cached,
      cached.evaluations.reduce((sum, { weight }) => sum + weight, entryBytes),
    );
  };

  const evaluationOf = (
    document: () => ComparedDocument,
    constraint: Constraint,
    stepsLeft: number,
    evaluate: () => ConstraintEvaluation | undefined,
  ): ConstraintEvaluation | undefined => {
    const key = String(numberOf(constraint));
    const cached = cachedOf(key);
    const asked = (): ConstraintEvaluation | undefined => {
      const evaluation = evaluate();
      cached.steps = evaluation?.steps ?? Infinity;
      return evaluation;
    };
    if (!isWorthwhile(cached, cheapSteps)) return asked();
    const found = cached.evaluations.find(({ read }) => holdsPart(document(), read));
    if (found !== undefined && found.evaluation.steps <= stepsLeft) {
      cached.misses = 0;
      if (found !== cached.evaluations[0]) cached.evaluations = withFirst(cached, found);
      return found.evaluation;
    }
    cached.misses += 1;
    const reads = new DocumentReads();
    const evaluation = recordingReads(reads, asked);
    if (evaluation === undefined || evaluation.error !== undefined) return evaluation;
    const read = partOfReads(document(), reads);
    if (read !== undefined)
      add(key, cached, { read, evaluation, weight: read.weight + weightOf(evaluation) });
    return evaluation;
  };

  return {
    forReview: (review) => {
      let known: ComparedDocument | undefined;
      const document = (): ComparedDocument => (known ??= compared(review.document));
      return {
        of: (constraint, stepsLeft, evaluate) => evaluationOf(document, constraint, stepsLeft, evaluate),
      };
    },
  };
};
