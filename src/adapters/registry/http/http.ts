import type { Owners } from '../../../concurrency/shares.ts';
import type { Result } from '../../../core/result.ts';
import type { Requester, RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';

/** Requests that belong to no namespace share one account. */
const nobody: Owners = () => [''];
export const ownersOf = (requester: Requester | undefined): Owners => requester?.owners ?? nobody;

/** One request to a registry or its token server. */
export interface HttpRequest {
  /** The registry as references name it. Its row applies when `target` is a path. */
  readonly host: string;
  /**
   * Absolute path with its query (`/v2/…`), or the whole URL of a token realm. A URL, like the target of a redirect, is
   * reached by the row of its own host: a registry names its token server, and must not lend it its private address (B26).
   */
  readonly target: string | URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Lower-case names. `authorization` leaves with the first redirect to another origin (B28). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly stage: RegistryStage;
  /** Whose credential is used: a host that asks one account to slow down is still asked for others. */
  readonly account?: string;
  /** The reviews that wait for it. */
  readonly requester?: Requester;
  /** What is asked for stands below a manifest that was read: its failures say nothing of the manifests beside it. */
  readonly below?: true;
  /** The review's deadline; the row's own timeout comes on top. */
  readonly signal: AbortSignal;
}

/**
 * The circuit breaker and rate limit key of a request, wherever redirects lead: the repository at a registry, or the whole
 * question at a token server, for each account apart, because a login may be what a host cannot take (R26). What stands below
 * manifests is apart (R25). Attack: a tenant pushes images whose configs take for ever, until the circuit of the
 * repository opens, which is excusable, and lets them in.
 */
export const failureKeyOf = ({
  host,
  target,
  account = '',
  below,
}: Pick<HttpRequest, 'host' | 'target' | 'account' | 'below'>): string =>
  typeof target === 'string'
    ? `${host} ${target.split('/').slice(0, -2).join('/')}${below === true ? ' below' : ''} ${account}`
    : `${target.origin}${target.pathname}${target.search} ${account}`;

/** The answer of the last hop. The body is raw: nothing is ever decompressed on the way. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Reads at most `limit` bytes; more, or a body that ends early, is a failure. Must be called, or the response `discard`ed. */
  read(limit: number): Promise<Result<Uint8Array, RegistryFailure>>;
  /** Ends the response without reading it. */
  discard(): void;
}

export type HttpAnswer = Result<HttpResponse, RegistryFailure>;

/**
 * Sends requests to registries: guarded addresses, per-host TLS and proxy, redirects, the row's concurrency and timeout,
 * `Retry-After` inside the budget, circuit breakers. Never rejects. Knows nothing of tokens and manifests.
 */
export interface RegistryHttp {
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}
