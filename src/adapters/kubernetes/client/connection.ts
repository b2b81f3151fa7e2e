import type * as http from 'node:http';
import type { Result } from '../../../core/result.ts';
import type { ApiProblem } from './problem.ts';

/** What one request needs to be let in. Never logged. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Set when the kubeconfig names a proxy. */
  readonly agent?: http.Agent;
}
export interface TlsMaterial {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** A known API server and a way to get credentials for it. */
export interface ApiServerConnection {
  readonly server: URL;
  /** Where this connection was read from, for messages. */
  readonly origin: string;
  /** The namespace of the service account or the context. */
  readonly namespace: string | undefined;
  /** `fresh` drops cached credentials, because the server refused them. */
  credentials(fresh: boolean): Promise<Result<Credentials, ApiProblem>>;
}
