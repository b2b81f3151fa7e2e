/** Why a policy is refused, in OPA's words: `code: message`. */
export interface CompileProblem {
  readonly code:
    | 'rego_parse_error'
    | 'rego_compile_error'
    | 'rego_unsafe_var_error'
    | 'rego_recursion_error'
    | 'rego_type_error';
  readonly message: string;
  /** Which module, and where in it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Line and column of a place in a text, both from 1; columns count code points. */
export const positionAt = (
  source: string,
  offset: number,
): { readonly line: number; readonly column: number } => {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Array.from(before.slice(lineStart)).length + 1 };
};

/** Found in one module; thrown inside the compiler alone, and kept when more may be found. */
export class CompileFault extends Error {
  readonly code: CompileProblem['code'];
  readonly offset: number;
  /** It may come of another fault, which left a type unknown. */
  isOfUnknown = false;
  /** Found together with it. */
  readonly others: readonly CompileFault[];
  constructor(
    code: CompileProblem['code'],
    message: string,
    offset: number,
    others: readonly CompileFault[] = [],
  ) {
    super(message);
    this.others = others;
    this.code = code;
    this.offset = offset;
  }
}

/** What is wrong with a module, with its place for people. */
export const problemIn = (
  { file, source }: { readonly file: string; readonly source: string },
  { code, message, offset }: Pick<CompileFault, 'code' | 'message' | 'offset'>,
): CompileProblem => ({ code, message, file, ...positionAt(source, offset) });

/** The text of problems as OPA prints them. */
export const problemsText = (problems: readonly CompileProblem[]): string => {
  const lines = problems.map(({ code, message, file, line }) => `${file}:${line}: ${code}: ${message}`);
  return lines.length === 1
    ? `1 error occurred: ${lines[0]}`
    : `${lines.length} errors occurred:\n${lines.join('\n')}`;
};
