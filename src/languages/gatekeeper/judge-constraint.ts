import {
  evaluateConstraint,
  silent,
  type ConstraintEvaluation,
  type Evaluating,
} from './evaluation/evaluate-constraint.ts';
import type { Constraint } from './constraint.ts';
import { matchesReview } from './constraint-match.ts';
import { actionsAt, type EnforcementAction, type EnforcementPoint } from './enforcement.ts';
import type { ConstraintReview } from './review.ts';

/** What came of one constraint. */
export interface Judgement extends ConstraintEvaluation {
  /** What follows from a violation or an error, the strictest first. */
  readonly actions: readonly EnforcementAction[];
}

export interface Judging extends Evaluating {
  readonly point: EnforcementPoint;
}

/** Templates may name the operations that a webhook asks them about; nobody else has operations. */
const isAskedAbout = (
  { template }: Constraint,
  { request }: ConstraintReview,
  point: EnforcementPoint,
): boolean => {
  const { operations } = template;
  if (point !== 'validation.gatekeeper.sh' || operations.length === 0) return true;
  return operations.some((operation) => operation === '*' || operation === request['operation']);
};

/** How a constraint speaks of a review, before its template is asked. */
export interface Spoken {
  readonly actions: readonly EnforcementAction[];
  /** Nobody knows whether it does. */
  readonly error?: string;
}

/** Whether a constraint speaks of a review. `undefined`: it does not. */
export const spokenOf = (
  constraint: Constraint,
  review: ConstraintReview,
  point: EnforcementPoint,
): Spoken | undefined => {
  const actions = actionsAt(constraint.enforcement, point);
  if (actions.length === 0 || !isAskedAbout(constraint, review, point)) return undefined;
  const isMatched = matchesReview(constraint.match, review);
  if (!isMatched.ok) return { actions, error: isMatched.error };
  return isMatched.value ? { actions } : undefined;
};

/** The template of a constraint, with what it is asked about a review. */
export const askedOf = ({ template, parameters }: Constraint, { value }: ConstraintReview) => ({
  policy: template.code.policy,
  review: value,
  parameters,
});

/** Asks one constraint about a review. `undefined`: it does not speak of it. */
export const judgeConstraint = (
  constraint: Constraint,
  review: ConstraintReview,
  judging: Judging,
): Judgement | undefined => {
  const spoken = spokenOf(constraint, review, judging.point);
  if (spoken === undefined) return undefined;
  if (spoken.error !== undefined) return { ...silent, ...spoken };
  return { ...spoken, ...evaluateConstraint(askedOf(constraint, review), judging) };
};
