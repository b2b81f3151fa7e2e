/** Where the value of a setting came from. `line` and `column` are 1-based. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number; readonly column: number }
  | { readonly kind: 'default' };

/** `flag --listen`, `environment IMAGEGATE_LISTEN`, `gate.yaml:3:9`, `default`. */
export const describeOrigin = (origin: Origin): string => {
  switch (origin.kind) {
    case 'flag':
      return `flag ${origin.flag}`;
    case 'environment':
      return `environment ${origin.variable}`;
    case 'file':
      return `${origin.path}:${String(origin.line)}:${String(origin.column)}`;
    case 'default':
      return 'default';
    default:
      return origin satisfies never;
  }
};

/** One thing that is wrong with the configuration; `message` says what, why and what to do next. */
export interface ConfigProblem {
  readonly origin: Origin;
  readonly message: string;
}

/** One line for stderr: `flag --listen: "8443" names no host; write …`. */
export const describeConfigProblem = (problem: ConfigProblem): string =>
  problem.origin.kind === 'default'
    ? problem.message
    : `${describeOrigin(problem.origin)}: ${problem.message}`;

export const describeConfigProblems = (problems: readonly ConfigProblem[]): readonly string[] =>
  problems.map(describeConfigProblem);
