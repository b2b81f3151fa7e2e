import type { PolicyFileProblem } from '../../../core/policy/load/document.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import type { Result } from '../../../core/result.ts';
import type { Steps } from '../../../core/steps.ts';
import type { GatekeeperDocument } from '../../../core/trust-root/policy-file.ts';
import type { TemplateProblem } from '../constraint-template.ts';

/** A document with its text. */
export interface Written {
  readonly document: GatekeeperDocument;
  readonly text: string;
}

/** What was read of a document. */
interface ReadDocument<T> {
  readonly document: GatekeeperDocument;
  readonly value: T;
}

/** What can be read of documents, and what is wrong with the rest. */
export interface ReadDocuments<T> {
  readonly read: readonly ReadDocument<T>[];
  readonly problems: readonly PolicyFileProblem[];
}

type Reading<T> = Result<T, readonly PolicyProblem[]>;

/** A reading, with what the document was read by. */
interface Remembered<T> {
  readonly by: unknown;
  readonly reading: Reading<T>;
}

/** What was read of a set: the same text is not read again by the same in the next one. */
export class ReadingMemory<T> {
  #before = new Map<string, Remembered<T>>();
  #now = new Map<string, Remembered<T>>();

  known(text: string, by: unknown): Reading<T> | undefined {
    const found = this.#before.get(text);
    if (found === undefined || found.by !== by) return undefined;
    this.#now.set(text, found);
    return found.reading;
  }

  keep(text: string, by: unknown, reading: Reading<T>): void {
    this.#now.set(text, { by, reading });
  }

  /** A set was read: what it does not hold is forgotten. */
  close(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** How documents of one kind are read. */
export interface DocumentReader<T> {
  readonly memory: ReadingMemory<T>;
  readonly read: (document: GatekeeperDocument) => Reading<T>;
  /** What a document is read by, beside its text. */
  readonly by: (document: GatekeeperDocument) => unknown;
}

/** A problem in an object, where the file has it. */
export const placed = (
  document: GatekeeperDocument,
  { path, message, suggestion, line, column }: TemplateProblem,
): PolicyFileProblem => ({
  file: document.file,
  ...document.locate(path),
  message: line === undefined ? message : `line ${line}, column ${column ?? 1} of the text: ${message}`,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** A step reads one document; what is remembered takes none. */
export function* readEach<T>(
  written: readonly Written[],
  { memory, read, by }: DocumentReader<T>,
): Steps<ReadDocuments<T>> {
  const found: ReadDocument<T>[] = [];
  const problems: PolicyFileProblem[] = [];
  for (const { document, text } of written) {
    const reader = by(document);
    let one = memory.known(text, reader);
    if (one === undefined) {
      one = read(document);
      memory.keep(text, reader, one);
      yield;
    }
    if (one.ok) found.push({ document, value: one.value });
    else problems.push(...one.error.map((problem) => placed(document, problem)));
  }
  return { read: found, problems };
}
