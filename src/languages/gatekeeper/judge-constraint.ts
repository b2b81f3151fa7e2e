import type { JsonValue } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { jsonText } from '../rego/builtins/encoding/json-text.ts';
import { EvaluationBudget, maxBytes, maxSteps } from '../rego/evaluate/budget.ts';
import { problemText } from '../rego/evaluate/fault.ts';
import type { Surroundings } from '../rego/evaluate/evaluation.ts';
import { typeName } from '../rego/values/value-text.ts';
import { withWalkBound, WalkTooLong } from '../rego/values/walk-bound.ts';
import {
  compareText,
  compareValues,
  RegoObject,
  RegoSet,
  type Maybe,
  type RegoValue,
} from '../rego/values/value.ts';
import type { Constraint } from './constraint.ts';
import { matchesReview } from './constraint-match.ts';
import { actionsAt, type EnforcementAction, type EnforcementPoint } from './enforcement.ts';
import type { ConstraintReview } from './review.ts';
import { violationPath } from './template-code.ts';

/** What a template says against an object. */
interface ConstraintViolation {
  readonly msg: string;
  readonly details: JsonValue;
}

/** What came of one constraint. */
export interface Judgement {
  /** What follows from a violation or an error, the strictest first. */
  readonly actions: readonly EnforcementAction[];
  /** In the order of OPA. */
  readonly violations: readonly ConstraintViolation[];
  /** Violations behind those. */
  readonly more: number;
  /** Violations that say nothing: they are no results, but whoever wrote them should know. */
  readonly withoutMessage: number;
  /** The constraint could not be asked. This is never "no violation". */
  readonly error?: string;
  readonly steps: number;
}

export interface Judging {
  readonly point: EnforcementPoint;
  readonly surroundings: Surroundings;
  /** Violations that are told; absent: all of them. */
  readonly maxViolations?: number;
  /** Steps that the review may still take. */
  readonly stepsLeft?: number;
  /** `data.inventory`. */
  readonly inventory?: RegoValue;
}

const silent = { violations: [], more: 0, withoutMessage: 0, steps: 0 };

/** What `some r in data.template.violation` meets. */
const membersOf = (value: Maybe): readonly RegoValue[] => {
  if (value instanceof RegoSet) return value.sorted();
  if (value instanceof RegoObject) return value.values();
  return Array.isArray(value) ? (value as readonly RegoValue[]) : [];
};

interface Said {
  readonly violations: readonly ConstraintViolation[];
  readonly more: number;
  readonly withoutMessage: number;
  readonly error?: string;
}

interface FoundViolation {
  readonly msg: string;
  readonly details: RegoValue;
}

/** As the objects of both compare. */
const inOrder = (one: FoundViolation, other: FoundViolation): number =>
  compareValues(one.details, other.details) || compareText(one.msg, other.msg);

/** Violations that differ in neither message nor details are one. */
const saidBy = (members: readonly RegoValue[], most: number): Said => {
  const seen = new RegoSet();
  const found: FoundViolation[] = [];
  let withoutMessage = 0;
  let written = 0;
  let error: string | undefined;
  for (const member of members) {
    const msg = member instanceof RegoObject ? member.get('msg') : undefined;
    if (!(member instanceof RegoObject) || msg === undefined) withoutMessage += 1;
    else if (typeof msg !== 'string') error = `the "msg" of a violation is no text but ${typeName(msg)}`;
    else {
      const details = member.get('details') ?? (member.has('details') ? null : new RegoObject());
      const before = seen.size;
      // Attack: an object of a megabyte in the details of each of a thousand violations.
      written += seen.add([details, msg]);
      if (written > maxBytes)
        return { ...silent, error: `budget_exceeded: violations take more than ${maxBytes} bytes` };
      if (seen.size > before) found.push({ msg, details });
    }
  }
  const violations = found
    .sort(inOrder)
    .slice(0, most)
    .map(({ msg, details }): ConstraintViolation => ({ msg, details: parseJson(jsonText(details)) ?? null }));
  const more = found.length - violations.length;
  return { violations, more, withoutMessage, ...(error === undefined ? {} : { error }) };
};

/** A rule may say its violations as a list, which nothing has gone through before. */
const saidWithinBound = (members: readonly RegoValue[], most: number): Said => {
  try {
    return withWalkBound(() => saidBy(members, most));
  } catch (error) {
    if (error instanceof WalkTooLong) return { ...silent, error: `budget_exceeded: ${error.message}` };
    throw error;
  }
};

const evaluated = (
  { template, parameters }: Constraint,
  review: ConstraintReview,
  judging: Judging,
): Omit<Judgement, 'actions'> => {
  const { surroundings, stepsLeft = maxSteps, maxViolations = Infinity, inventory } = judging;
  if (stepsLeft <= 0)
    return { ...silent, error: 'the constraints of this review took too many steps together' };
  const budget = new EvaluationBudget(Math.min(maxSteps, stepsLeft));
  const answer = template.code.policy.document(violationPath, {
    input: RegoObject.of([
      ['review', review.value],
      ['parameters', parameters],
    ]),
    ...(inventory === undefined ? {} : { data: RegoObject.of([['inventory', inventory]]) }),
    surroundings,
    budget,
  });
  const said = answer.ok
    ? saidWithinBound(membersOf(answer.value), maxViolations)
    : { ...silent, error: problemText(answer.error) };
  return { ...said, steps: budget.used };
};

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

/** Asks one constraint about a review. `undefined`: it does not speak of it. */
export const judgeConstraint = (
  constraint: Constraint,
  review: ConstraintReview,
  judging: Judging,
): Judgement | undefined => {
  const actions = actionsAt(constraint.enforcement, judging.point);
  if (actions.length === 0 || !isAskedAbout(constraint, review, judging.point)) return undefined;
  const isMatched = matchesReview(constraint.match, review);
  if (!isMatched.ok) return { actions, ...silent, error: isMatched.error };
  return isMatched.value ? { actions, ...evaluated(constraint, review, judging) } : undefined;
};
