/** How an evaluation went wrong, in OPA's words. */
export type FaultCode =
  | 'eval_builtin_error'
  | 'eval_type_error'
  | 'eval_conflict_error'
  | 'eval_with_merge_error'
  | 'eval_cancel_error';

export interface EvaluationProblem {
  readonly code: FaultCode | 'budget_exceeded';
  readonly message: string;
}

/** A builtin has no answer: the expression has no value, and strict evaluations fail. */
export class BuiltinFault extends Error {
  readonly code: FaultCode;
  constructor(message: string, code: FaultCode = 'eval_builtin_error') {
    super(message);
    this.code = code;
  }
}

/** The evaluation cannot go on. */
export class EvaluationFault extends Error {
  readonly code: EvaluationProblem['code'];
  constructor(code: EvaluationProblem['code'], message: string) {
    super(message);
    this.code = code;
  }
}
