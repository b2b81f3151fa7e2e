import type { ConstraintJudgement } from '../core/decision/constraint-findings.ts';
import type { Finding } from '../core/decision/finding.ts';
import type { PolicyProblem } from '../core/policy/load/schema-problem.ts';
import type { Mode } from '../core/policy/mode.ts';
import type { Fact } from '../core/facts/fact.ts';
import { ok, type Result } from '../core/result.ts';
import type { Steps } from '../core/steps.ts';
import type { JsonObject, JsonValue } from '../core/text/json/json.ts';

/** The constraints in force. `loading` until the first complete load: the gate is not ready and denies (R8). */
export interface ConstraintSource {
  current(): ConstraintState;
}
export type ConstraintState =
  | { readonly state: 'loading'; readonly why: string }
  | { readonly state: 'loaded'; readonly set: ConstraintSet };

/** What constraints are asked by. An evaluation with the same inputs gives the same answer. */
interface ConstraintQuestion {
  /** The AdmissionRequest as it came. */
  readonly request: JsonObject;
  /** The Namespace object; `undefined`: nobody asked for it. */
  readonly namespace: Fact<JsonObject> | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether {@link EvaluationThreads} are there for what takes long; absent: everything is evaluated at once. */
  readonly hasThreads?: boolean;
}

/** What came of all constraints. */
export interface ConstraintAnswers {
  /** Only of constraints that speak of the request. */
  readonly judgements: readonly ConstraintJudgement[];
  /** The namespace of the request is kept away from constraints. */
  readonly isExcluded: boolean;
}

/** What came of evaluating one constraint away from the event loop. */
export interface ThreadEvaluation {
  readonly violations: readonly { readonly msg: string; readonly details: JsonValue }[];
  /** Violations beyond those. */
  readonly more: number;
  readonly withoutMessage: number;
  /** The constraint could not be asked. */
  readonly error?: string;
  readonly steps: number;
}

/** What came of a turn of a thread, which may end before the last of its evaluations. */
export interface TurnOutcome {
  /** In the order of the turn. */
  readonly evaluated: readonly ThreadEvaluation[];
  /** Why nothing came of the evaluation behind those; `isBegun`: its steps are not known. Else nothing came of all behind it. */
  readonly failed?: { readonly why: string; readonly isBegun: boolean };
}

/** Constraints whose evaluation takes too long for the event loop. */
export interface LongJudging {
  /** A violation of one of the constraints of the turn refuses. Else nobody may be refused for want of time for them. */
  readonly isDenying: boolean;
  /** What a thread is to do, in values that can be cloned. Only its program reads it. */
  readonly turn: object;
  goOn(outcome: TurnOutcome): ConstraintAnswers | LongJudging;
}

/** Does evaluations that take long while everybody else is answered. */
export interface EvaluationThreads {
  /**
   * Never rejects: what cannot be evaluated has failed.
   * @param namespace - threads are shared fairly between namespaces (R26)
   * @returns `late`: the signal came first
   */
  evaluate(turn: object, namespace: string, signal: AbortSignal): Promise<TurnOutcome | 'late'>;
}

export interface ConstraintSet {
  /** `sha256:…` over templates and constraints. */
  readonly version: string;
  readonly isEmpty: boolean;
  /** A violation of one of them refuses. */
  readonly isDenying: boolean;
  /** Whether a constraint that may speak of the request looks at its Namespace object. */
  needsNamespace(request: JsonObject): boolean;
  /** A step evaluates one constraint at most. A failure says why no constraint can be asked about such a request. */
  judging(question: ConstraintQuestion): Steps<Result<ConstraintAnswers | LongJudging, string>>;
}

/** Reads templates and constraints that are on their way into the cluster; no problem: they can be used. */
export interface ConstraintReader {
  template(object: JsonObject): readonly PolicyProblem[];
  constraint(object: JsonObject): readonly PolicyProblem[];
}

/** In force where nobody gave constraints. */
export const noConstraints: ConstraintSet = {
  version: 'none',
  isEmpty: true,
  isDenying: false,
  needsNamespace: () => false,
  *judging() {
    yield;
    return ok({ judgements: [], isExcluded: false });
  },
};

/** Namespace objects with all of their fields. Answers at once when the namespace is known. */
export interface NamespaceObjects {
  object(name: string, signal: () => AbortSignal): Fact<JsonObject> | Promise<Fact<JsonObject>>;
}

/** What constraints say about one request. */
export interface ConstraintVerdict {
  readonly findings: readonly Finding[];
  /** How many constraints speak of the request. */
  readonly judged: number;
  /** Violations that are not among the findings, by what follows from them. */
  readonly omitted: Readonly<Record<Mode, number>>;
  /** Titles of the templates whose constraints have findings, by the kind of the constraint. */
  readonly titles: Readonly<Record<string, string>>;
  readonly version: string;
  /** Milliseconds. */
  readonly took: number;
  readonly isExcluded: boolean;
}
