import type { CompileExpression } from '../../core/policy/schema/schema.ts';
import type { Result } from '../../core/result.ts';
import type { WorkerPrograms } from '../../serve/worker-programs.ts';

/** Input and output of a command. Data goes to `out`, messages go to `talk`, on stderr. */
export interface Terminal {
  out(text: string): void;
  /** One line on stderr; silent with `--quiet`. */
  talk(line: string): void;
  /** Whether a person watches stderr: progress only then. */
  readonly interactive: boolean;
  /** Shows progress in place of the text before; empty text ends it. Absent when stderr is no terminal. */
  readonly status?: ((text: string) => void) | undefined;
  /** Whether the reader of stdout went away (`imagegate … | head`), so that more data is of no use. */
  readonly isUnread?: () => boolean;
  readStandardInput(limit: number): Promise<string>;
  readonly workers: WorkerPrograms;
  /** The language of expressions; it is loaded when a policy has one. */
  readonly compileExpression: CompileExpression;
}

/** A usage, configuration or policy error: exit code 2 with the lines shown, and no stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The value of a result; an error gives exit code 2 with its lines. */
export const valueOrUsage = <T, E>(
  result: Result<T, E>,
  linesOf: (error: E) => string | readonly string[],
): T => {
  if (result.ok) return result.value;
  throw new UsageError([linesOf(result.error)].flat());
};

/** The one target of a command (cluster, record) could not be reached: exit code 4. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}
