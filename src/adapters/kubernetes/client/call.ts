import type { ApiProblem } from './problem.ts';
import type { ApiTarget, ApiVerb } from './resource.ts';

/** One call. The verb decides the method, verb and target name the RBAC right it needs. */
export interface ApiCall extends ApiTarget {
  readonly verb: ApiVerb;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The type of a patch; by default a merge patch. */
  readonly patch?: 'json' | 'merge';
  /** Ask for metadata only: labels and owners of large objects cost little then. */
  readonly metadataOnly?: boolean;
  /**
   * Answers beyond this many bytes are refused, and those of 30,000 values: it is somebody else's object. Without it 16 MiB,
   * however many values.
   */
  readonly maxBytes?: number;
}

/** The body of a watch. `bytes` ends when the server ends it or the connection fails; it never throws. */
export interface ApiStream {
  readonly bytes: AsyncIterable<Buffer>;
  /** Why the stream ended, once it has; undefined when the server closed it in order. */
  problem(): ApiProblem | undefined;
  close(): void;
}
