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
  /** Which module, and where in it; absent: no one place is to blame. */
  readonly place?: { readonly file: string; readonly line: number };
}

/** The text of a problem as OPA prints it. */
export const problemText = ({ code, message, place }: EvaluationProblem): string =>
  `${place === undefined ? '' : `${place.file}:${place.line}: `}${code}: ${message}`;

/** A place in the text of a module. */
export interface SourcePlace {
  readonly module: { readonly file: string; readonly source: string };
  readonly at: number;
}

/** A builtin has no answer: the expression has no value, and strict evaluations fail. */
export class BuiltinFault extends Error {
  readonly code: FaultCode;
  constructor(message: string, code: FaultCode = 'eval_builtin_error') {
    // Nobody reads where it came from, and writing that down takes longer than all else. Attack: a million of them.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }
}

/** The evaluation cannot go on. */
export class EvaluationFault extends Error {
  readonly code: EvaluationProblem['code'];
  readonly place: SourcePlace | undefined;
  constructor(code: EvaluationProblem['code'], message: string, place?: SourcePlace) {
    super(message);
    this.code = code;
    this.place = place;
  }
}

/**
 * A bound that OPA does not have ends the evaluation. As a fault of a builtin it would be no value, and a template takes
 * that for nothing to object to. Attack: write what a template reads so long that only this gate gives up reading it.
 */
export const beyondBound = (message: string): EvaluationFault =>
  new EvaluationFault('budget_exceeded', message);
