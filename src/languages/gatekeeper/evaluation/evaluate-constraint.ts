import type { JsonValue } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { jsonText } from '../../rego/builtins/encoding/json-text.ts';
import {
  EvaluationBudget,
  maxSteps,
  wholeBounds,
  type EvaluationBounds,
} from '../../rego/evaluate/budget.ts';
import type { Surroundings } from '../../rego/evaluate/evaluation.ts';
import { problemText } from '../../rego/evaluate/fault.ts';
import type { Policy } from '../../rego/policy.ts';
import { typeName } from '../../rego/values/value-text.ts';
import {
  compareText,
  compareValues,
  RegoObject,
  RegoSet,
  type Maybe,
  type RegoValue,
} from '../../rego/values/value.ts';
import { noteOther } from '../../rego/values/reads.ts';
import { withWalkBound, WalkTooLong } from '../../rego/values/walk-bound.ts';
import { violationPath } from '../template-code.ts';

/** What a template says against an object. */
interface ConstraintViolation {
  readonly msg: string;
  readonly details: JsonValue;
}

/** What came of asking a template. */
export interface ConstraintEvaluation {
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

/** How a template is asked. */
export interface Evaluating {
  readonly surroundings: Surroundings;
  /** Violations that are told; absent: all of them. */
  readonly maxViolations?: number;
  /** Steps that the review may still take. */
  readonly stepsLeft?: number;
  /** `data.inventory`. */
  readonly inventory?: RegoValue;
}

/** A template with its input. */
export interface AskedTemplate {
  readonly policy: Pick<Policy, 'document'>;
  /** `input.review`. */
  readonly review: RegoValue;
  /** `input.parameters`. */
  readonly parameters: RegoValue;
}

/** Nothing is said. */
export const silent: ConstraintEvaluation = { violations: [], more: 0, withoutMessage: 0, steps: 0 };

/** What `some r in data.template.violation` meets. */
const membersOf = (value: Maybe): readonly RegoValue[] => {
  if (value instanceof RegoSet) return value.sorted();
  if (value instanceof RegoObject) return value.values();
  return Array.isArray(value) ? (value as readonly RegoValue[]) : [];
};

type Said = Omit<ConstraintEvaluation, 'steps'>;

interface FoundViolation {
  readonly msg: string;
  readonly details: RegoValue;
}

/** As the objects of both compare. */
const inOrder = (one: FoundViolation, other: FoundViolation): number =>
  compareValues(one.details, other.details) || compareText(one.msg, other.msg);

/** Violations that differ in neither message nor details are one. */
const saidBy = (members: readonly RegoValue[], most: number, budget: EvaluationBudget): Said => {
  const { bytes } = budget.bounds;
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
      if (written > bytes) {
        budget.end();
        return { ...silent, error: `budget_exceeded: violations take more than ${bytes} bytes` };
      }
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
const saidWithinBound = (members: readonly RegoValue[], most: number, budget: EvaluationBudget): Said => {
  try {
    return withWalkBound(() => saidBy(members, most, budget), budget.bounds.walked);
  } catch (error) {
    if (!(error instanceof WalkTooLong)) throw error;
    budget.end();
    return { ...silent, error: `budget_exceeded: ${error.message}` };
  }
};

/** Whoever reads clock or seed has read more than the review. */
const notedSurroundings = (surroundings: Surroundings): Surroundings => ({
  get now() {
    noteOther();
    return surroundings.now;
  },
  get seed() {
    noteOther();
    return surroundings.seed;
  },
});

/** Asks a template. `isSpent`: within wider bounds something else may come of it. */
const evaluatedWithin = (
  { policy, review, parameters }: AskedTemplate,
  { surroundings, maxViolations = Infinity, inventory }: Evaluating,
  bounds: EvaluationBounds,
): { readonly evaluation: ConstraintEvaluation; readonly isSpent: boolean } => {
  const budget = new EvaluationBudget(bounds);
  if (inventory !== undefined) noteOther();
  const answer = policy.document(violationPath, {
    input: RegoObject.of([
      ['review', review],
      ['parameters', parameters],
    ]),
    ...(inventory === undefined ? {} : { data: RegoObject.of([['inventory', inventory]]) }),
    surroundings: notedSurroundings(surroundings),
    budget,
  });
  const said = answer.ok
    ? saidWithinBound(membersOf(answer.value), maxViolations, budget)
    : { ...silent, error: problemText(answer.error) };
  return { evaluation: { ...said, steps: budget.used }, isSpent: budget.isSpent };
};

/** Asks a template. */
export const evaluateConstraint = (asked: AskedTemplate, evaluating: Evaluating): ConstraintEvaluation => {
  const { stepsLeft = maxSteps } = evaluating;
  if (stepsLeft <= 0)
    return { ...silent, error: 'the constraints of this review took too many steps together' };
  const bounds = { ...wholeBounds, steps: Math.min(maxSteps, stepsLeft) };
  return evaluatedWithin(asked, evaluating, bounds).evaluation;
};

/**
 * What most evaluations need less of. An evaluation up to here takes about ten milliseconds, and as much again when its
 * violations are large. They are counted as the whole budget is, since a time would be another one on each replica.
 */
const firstPart: EvaluationBounds = { steps: 20_000, bytes: 512 * 1024, walked: 64 * 1024 };

/**
 * Asks a template with a small part of the budget.
 * @returns `undefined`: that was too little, and nobody knows what it would have said
 */
export const evaluateBriefly = (
  asked: AskedTemplate,
  evaluating: Evaluating,
): ConstraintEvaluation | undefined => {
  const { stepsLeft = maxSteps } = evaluating;
  if (stepsLeft <= 0) return evaluateConstraint(asked, evaluating);
  const bounds = { ...firstPart, steps: Math.min(firstPart.steps, stepsLeft) };
  const { evaluation, isSpent } = evaluatedWithin(asked, evaluating, bounds);
  return isSpent ? undefined : evaluation;
};
