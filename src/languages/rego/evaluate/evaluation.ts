import type { Maybe, RegoObject, RegoValue } from '../values/value.ts';
import type { EvaluationBudget } from './budget.ts';
import type { BuiltinFault } from './fault.ts';

/** What an evaluation takes from outside, so that it can be done again. */
export interface Surroundings {
  /** Nanoseconds since 1970. */
  readonly now: bigint;
  /** Makes `rand.intn` and `uuid.rfc4122` the same again. */
  readonly seed: string;
}

/** A function or a builtin, called; under `with` another one. */
export type FunctionCall = (ctx: Evaluation, args: readonly RegoValue[]) => Maybe;

/** What all of one evaluation shares, whatever `with` changes. */
export interface Shared {
  readonly budget: EvaluationBudget;
  readonly surroundings: Surroundings;
  /** Faults of builtins, the first of which a strict evaluation reports. */
  readonly faults: BuiltinFault[];
  /** Answers of builtins that must answer the same within one evaluation, and compiled patterns. */
  readonly kept: Map<string, unknown>;
}

export interface Documents {
  readonly input: Maybe;
  readonly data: RegoObject;
}

/** `null`: known to have no value. */
export type Memo = RegoValue | typeof undefinedValue;
export const undefinedValue = Symbol('undefined');

/** The documents and the values of rules, as `with` has left them. */
export class Evaluation {
  readonly shared: Shared;
  readonly documents: Documents;
  readonly outer: Evaluation | undefined;
  /** Paths under `data` that `with` has replaced: no rule speaks there. */
  readonly replaced: readonly (readonly string[])[];
  readonly functions: ReadonlyMap<string, FunctionCall> | undefined;
  readonly memo: (Memo | undefined)[] = [];
  depth: number;

  constructor(shared: Shared, documents: Documents, from?: Evaluation, changed?: Partial<Replaced>) {
    this.shared = shared;
    this.documents = documents;
    this.outer = from;
    this.depth = from?.depth ?? 0;
    this.replaced = changed?.replaced ?? from?.replaced ?? [];
    this.functions = changed?.functions ?? from?.functions;
  }
}

interface Replaced {
  readonly replaced: readonly (readonly string[])[];
  readonly functions: ReadonlyMap<string, FunctionCall>;
}
