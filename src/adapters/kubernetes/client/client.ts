import type { JsonObject } from '../../../core/text/json/json.ts';
import type { Result } from '../../../core/result.ts';
import type { ApiCall, ApiStream } from './call.ts';
import { createHttpClient } from './http-client.ts';
import type { ApiProblem } from './problem.ts';
import type { Connection } from './connection.ts';

export type { ApiCall, ApiStream } from './call.ts';
export { connect, type ClusterEnvironment, type ConnectionOptions } from './connection-options.ts';
export type { Connection } from './connection.ts';
export { isTransient, type ApiProblem } from './problem.ts';

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
  /** Milliseconds, by default 10 s. */
  readonly callTimeout?: number;
}

/** A client over a connection. Nothing is sent before the first call. */
export const createClient = (connection: Connection, options: ClientOptions): ApiClient => ({
  server: connection.server.origin,
  ...createHttpClient(connection, {
    userAgent: `imagegate/${options.version}`,
    timeout: options.callTimeout ?? 10_000,
  }),
});
