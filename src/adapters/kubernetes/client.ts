import type { JsonObject } from '../../core/json.ts';
import type { Result } from '../../core/result.ts';
import type { Connection } from './client-connection.ts';
import { createExchange } from './client-exchange.ts';
import type { ApiProblem } from './client-problem.ts';
import type { ApiTarget, ApiVerb } from './client-resource.ts';

export {
  connect,
  type ClusterEnvironment,
  type Connection,
  type ConnectionOptions,
} from './client-connection.ts';
export { isTransient, type ApiProblem } from './client-problem.ts';

/** One call. The verb decides the method, verb and target name the RBAC right it needs. */
export interface ApiCall extends ApiTarget {
  readonly verb: ApiVerb;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** How a patch is to be understood; merge patch unless told otherwise. */
  readonly patch?: 'json' | 'merge';
  /** Ask for metadata only: labels and owners of large objects cost little then. */
  readonly metadataOnly?: boolean;
  /** Answers beyond this many bytes are refused; 16 MiB unless told otherwise. */
  readonly maxBytes?: number;
}

/** The body of a watch. `bytes` ends when the server ends it and throws nothing: trouble ends it too. */
export interface ApiStream {
  readonly bytes: AsyncIterable<Buffer>;
  /** Why the stream ended, once it has; undefined when the server closed it in order. */
  problem(): ApiProblem | undefined;
  close(): void;
}

/**
 * A thin JSON client of the Kubernetes API. Errors are values, bounded and free of credentials; every call
 * ends at `signal` or after `callTimeout`, whichever comes first.
 */
export interface ApiClient {
  /** The address of the API server, for messages. */
  readonly server: string;
  request(call: ApiCall, signal: AbortSignal): Promise<Result<JsonObject, ApiProblem>>;
  /** Opens a watch: `signal` ends it; only the time until the headers arrive is limited by `callTimeout`. */
  stream(call: ApiCall, signal: AbortSignal): Promise<Result<ApiStream, ApiProblem>>;
  close(): void;
}

export interface ClientOptions {
  /** Of ImageGate, for the user agent. */
  readonly version: string;
  /** Milliseconds; 10 s unless told otherwise. */
  readonly callTimeout?: number;
}

/** A client over a connection. Nothing is sent before the first call. */
export function createClient(connection: Connection, options: ClientOptions): ApiClient {
  const exchange = createExchange(connection, {
    userAgent: `imagegate/${options.version}`,
    timeout: options.callTimeout ?? 10_000,
  });
  return {
    server: connection.server.origin,
    request: (call, signal) => exchange.json(call, signal),
    stream: (call, signal) => exchange.stream(call, signal),
    close: () => exchange.close(),
  };
}
