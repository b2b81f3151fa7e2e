import type { ConstraintJudgement } from '../../../core/decision/constraint-findings.ts';
import type { Steps } from '../../../core/steps.ts';
import { objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { maxSteps } from '../../rego/evaluate/budget.ts';
import type { Surroundings } from '../../rego/evaluate/evaluation.ts';
import { constraintGroup, type Constraint, type UnusableConstraint } from '../constraint.ts';
import { matchesReview } from '../constraint-match.ts';
import { templateGroup } from '../constraint-template.ts';
import { actionsAt, type EnforcementAction } from '../enforcement.ts';
import {
  evaluateBriefly,
  evaluateConstraint,
  silent,
  type ConstraintEvaluation,
} from '../evaluation/evaluate-constraint.ts';
import type { ConstraintCache } from '../evaluation/constraint-cache.ts';
import type { EvaluationTurn } from '../evaluation/evaluation-turn.ts';
import { askedOf, spokenOf, type Judgement } from '../judge-constraint.ts';
import type { ConstraintReview } from '../review.ts';

/** Steps that all constraints of one review may take together. */
const maxReviewSteps = 4 * maxSteps;
/** Violations of one constraint that are kept; a Pod with thousands of containers could have thousands. */
const maxViolations = 256;
/** So many constraints that do not speak of a request cost as much as asking one that does. */
const silentAStep = 32;

/** Where these constraints are asked. */
export const point = 'validation.gatekeeper.sh';

export type ConstraintInForce = Constraint | UnusableConstraint;

/** What constraints are asked about, and how. */
export interface ReviewQuestion {
  readonly request: JsonObject;
  readonly review: ConstraintReview;
  readonly surroundings: Surroundings;
  /** The namespace is asked for and not known. */
  readonly isUnknown: boolean;
  /** Whether a thread is there for what takes long. */
  readonly hasThreads: boolean;
  /** Takes the constraints that were met with a violation without a message. */
  readonly withoutMessage: WeakSet<ConstraintInForce> | undefined;
  readonly cache: ConstraintCache;
}

/** What came of a turn of a thread. */
export interface EvaluatedTurn {
  /** Of the first evaluations of the turn, in their order: the thread may end its turn before its last one. */
  readonly evaluated: readonly ConstraintEvaluation[];
  /** Why nothing came of the evaluation behind those. */
  readonly failed?: {
    readonly why: string;
    /** It was begun: nobody knows how many steps it took. Else nothing came of all that are left. */
    readonly isBegun: boolean;
  };
}

/** Evaluations that take too long here. */
export interface LongReview {
  /** A violation of one of them refuses. Else nobody may be refused for want of time for them. */
  readonly isDenying: boolean;
  /** What a thread is to do. */
  readonly turn: EvaluationTurn;
  /** Goes on with what came of it. */
  goOn(outcome: EvaluatedTurn): ReviewAnswers;
}

/** What came of all constraints that speak of a review, in the order in which they were asked; or what is left to do. */
export type ReviewAnswers = readonly ConstraintJudgement[] | LongReview;

export const readsNamespace = (constraint: ConstraintInForce): boolean =>
  'template' in constraint && constraint.template.code.readsNamespace;

/** Templates and constraints: whoever may write them may also delete them, of which no constraint is asked. */
const isOfGatekeeper = ({ request }: ConstraintReview): boolean =>
  [templateGroup, constraintGroup].includes(textOf(objectOf(request['kind'])['group']));

const unusable = (
  constraint: UnusableConstraint,
  review: ConstraintReview,
): ConstraintJudgement | undefined => {
  const actions = actionsAt(constraint.enforcement, point);
  // A constraint on everything would refuse the template that makes it usable again.
  if (actions.length === 0 || isOfGatekeeper(review)) return undefined;
  const isMatched = matchesReview(constraint.match, review);
  if (isMatched.ok && !isMatched.value) return undefined;
  const { kind, name, why } = constraint;
  const problems = [{ code: 'constraint-unusable', message: why } as const];
  return { kind, name, actions, violations: [], more: 0, withoutMessage: 0, problems };
};

const unknownNamespace = {
  code: 'namespace-unavailable',
  message: 'the template looks at the namespace of the object, and that is not known',
} as const;

const asked = (
  constraint: Constraint,
  judgement: Judgement,
  { isUnknown, withoutMessage: met }: ReviewQuestion,
): ConstraintJudgement => {
  const { kind, name, template } = constraint;
  const { actions, violations, more, withoutMessage, error } = judgement;
  if (withoutMessage > 0) met?.add(constraint);
  return {
    kind,
    name,
    title: template.title,
    actions,
    withoutMessage,
    violations,
    more,
    problems: [
      ...(error === undefined ? [] : [{ code: 'constraint-error', message: error } as const]),
      ...(isUnknown && readsNamespace(constraint) ? [unknownNamespace] : []),
    ],
  };
};

/** A constraint that speaks of the review and was not evaluated yet. */
interface Waiting {
  /** Its place among the judgements. */
  readonly at: number;
  readonly constraint: Constraint;
  readonly actions: readonly EnforcementAction[];
}

type Judgements = readonly (ConstraintJudgement | undefined)[];

/** An evaluation that was begun and did not end could have taken all that it may. */
const failedEvaluation = ({ why, isBegun }: NonNullable<EvaluatedTurn['failed']>): ConstraintEvaluation => ({
  ...silent,
  error: why,
  steps: isBegun ? maxSteps : 0,
});

/** Whether a violation refuses. */
const denies = ({ actions }: Pick<Waiting, 'actions'>): boolean => actions.includes('deny');

const nothingSaid = { why: 'its thread said nothing', isBegun: true };

/**
 * What is left of a review for a thread, turn by turn: first those that refuse, then all others. A constraint that the
 * thread could not evaluate has an error.
 */
const leftOver = (
  question: ReviewQuestion,
  judgements: Judgements,
  waiting: readonly Waiting[],
  stepsLeft: number,
): LongReview => {
  const isDenying = waiting.some(denies);
  const now = waiting.filter((one) => denies(one) === isDenying);
  const later = waiting.filter((one) => denies(one) !== isDenying);
  return {
    isDenying,
    turn: {
      request: question.request,
      namespace: question.review.namespace,
      surroundings: question.surroundings,
      maxViolations,
      stepsLeft,
      evaluations: now.map(({ constraint: { template, written } }) => ({
        source: template.code.source,
        parameters: written,
      })),
    },
    goOn: ({ evaluated, failed }) => {
      const missing = failed ?? (evaluated.length === 0 ? nothingSaid : undefined);
      // Where no thread began the next, none is asked again for those behind it: to send the object takes time each time.
      const behind = now.slice(evaluated.length);
      const failing = missing?.isBegun === true ? behind.slice(0, 1) : behind;
      const errors = missing === undefined ? [] : failing.map(() => failedEvaluation(missing));
      const all = [...evaluated, ...errors];
      const known = [...judgements];
      let left = stepsLeft;
      for (const [place, evaluation] of all.slice(0, now.length).entries()) {
        const { at, constraint, actions } = now[place] as Waiting;
        known[at] = asked(constraint, { actions, ...evaluation }, question);
        left -= evaluation.steps;
      }
      const rest = [...now.slice(all.length), ...later];
      return rest.length > 0
        ? leftOver(question, known, rest, left)
        : known.filter((one) => one !== undefined);
    },
  };
};

/**
 * Asks one constraint after the other about a review, which has steps for all of them together. A step asks one at most.
 * Where a thread is there, each is evaluated with a small part of its budget. The first for which that is too little, and
 * all behind it, are left to the thread, which begins it anew. Attack: a legal Pod on which each evaluation takes a second
 * of the one thread that answers everybody.
 */
export function* judgingReview(
  constraints: readonly ConstraintInForce[],
  question: ReviewQuestion,
): Steps<ReviewAnswers> {
  const { review, surroundings, hasThreads } = question;
  const cached = question.cache.forReview(review);
  const judgements: (ConstraintJudgement | undefined)[] = [];
  const waiting: Waiting[] = [];
  const ask = hasThreads ? evaluateBriefly : evaluateConstraint;
  let stepsLeft = maxReviewSteps;
  /** `undefined`: that is left to a thread. */
  const evaluate = (constraint: Constraint): ConstraintEvaluation | undefined =>
    waiting.length > 0
      ? undefined
      : cached.of(constraint, stepsLeft, () =>
          ask(askedOf(constraint, review), { surroundings, stepsLeft, maxViolations }),
        );
  /** @returns whether the constraint speaks of the review */
  const judge = (constraint: ConstraintInForce): boolean => {
    if ('why' in constraint) {
      const judgement = unusable(constraint, review);
      if (judgement !== undefined) judgements.push(judgement);
      return judgement !== undefined;
    }
    const spoken = spokenOf(constraint, review, point);
    if (spoken === undefined) return false;
    const { actions, error } = spoken;
    const evaluation = error === undefined ? evaluate(constraint) : { ...silent, error };
    if (evaluation === undefined) waiting.push({ at: judgements.length, constraint, actions });
    else stepsLeft -= evaluation.steps;
    judgements.push(evaluation && asked(constraint, { actions, ...evaluation }, question));
    return true;
  };
  let silentOnes = 0;
  for (const constraint of constraints) {
    if (!judge(constraint) && ++silentOnes % silentAStep !== 0) continue;
    yield;
  }
  return waiting.length > 0
    ? leftOver(question, judgements, waiting, stepsLeft)
    : judgements.filter((one) => one !== undefined);
}
