import type { Result } from '../../../core/result.ts';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import type { Surroundings } from '../../rego/evaluate/evaluation.ts';
import { valueOfParameters } from '../constraint.ts';
import { reviewOfRequest } from '../review.ts';
import { compileTemplate, type TemplateCode, type TemplateSource } from '../template-code.ts';
import { evaluateConstraint, type ConstraintEvaluation } from './evaluate-constraint.ts';

/** A template and the parameters of one of its constraints. */
interface WrittenEvaluation {
  readonly source: TemplateSource;
  readonly parameters: JsonValue;
}

/** Evaluations of one review that a thread does one after the other: plain values, which can be cloned. */
export interface EvaluationTurn {
  /** The request, as constraints are asked about it. */
  readonly request: JsonObject;
  /** The Namespace object; `undefined`: nobody knows it. */
  readonly namespace: JsonObject | undefined;
  readonly surroundings: Surroundings;
  readonly maxViolations: number;
  /** Steps that the review may still take. */
  readonly stepsLeft: number;
  readonly evaluations: readonly WrittenEvaluation[];
}

/** Templates that were compiled before, by their text. */
export interface CompiledTemplates {
  get(text: string): TemplateCode | undefined;
  /** `weight`: characters. */
  set(text: string, code: TemplateCode, weight: number): void;
}

const valueOf = <T>(what: string, result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(`${what} cannot be read in the thread`);
  return result.value;
};

const codeOf = (source: TemplateSource, compiled: CompiledTemplates): TemplateCode => {
  const text = JSON.stringify([source.version, source.rego, source.libs]);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const code = valueOf('the template', compileTemplate(source));
  compiled.set(text, code, text.length);
  return code;
};

/** Does the evaluations of a turn, with the whole budget of each: what came of one after the other. */
export function* evaluateTurn(
  { request, namespace, surroundings, maxViolations, stepsLeft, evaluations }: EvaluationTurn,
  compiled: CompiledTemplates,
): Generator<ConstraintEvaluation> {
  const { value: review } = valueOf('the request', reviewOfRequest(request, namespace));
  let left = stepsLeft;
  for (const { source, parameters } of evaluations) {
    const { policy } = codeOf(source, compiled);
    const evaluation = evaluateConstraint(
      { policy, review, parameters: valueOfParameters(parameters) },
      { surroundings, maxViolations, stepsLeft: left },
    );
    left -= evaluation.steps;
    yield evaluation;
  }
}
