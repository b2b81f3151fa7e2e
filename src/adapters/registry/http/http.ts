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
   * reached by the row of its own host. A registry names its token server, and must not give it its own rights (B26).
   */
  readonly target: string | URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Lower-case names. `authorization` leaves with the first redirect to another origin (B28). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly stage: RegistryStage;
  /** The account of the credential. A rate limit of one account does not hold for others. */
  readonly account?: string;
  /** The reviews that wait for it. */
  readonly requester?: Requester;
  /** The content is named by a manifest that was read. Its failures say nothing about other manifests. */
  readonly below?: true;
  /** The deadline of the review. The timeout of the row holds too. */
  readonly signal: AbortSignal;
}

/**
 * The key of a request for circuit breakers and rate limits, also after redirects: the repository at a registry, or the whole
 * URL at a token server. Each account has its own key, because a host may fail only for one login (R26). Content below
 * manifests has its own key too (R25). Attack: a tenant pushes images whose configs take for ever, until the circuit of the
 * repository opens, which is excusable and lets the images in.
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

/** The response of the last hop. The body is raw: it is never decompressed. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The URL of the response, after redirects. */
  readonly url: URL;
  /** Reads at most `limit` bytes. A longer body, or one that ends early, is a failure. Every response is read or discarded. */
  read(limit: number): Promise<Result<Uint8Array, RegistryFailure>>;
  /** Ends the response without reading it. */
  discard(): void;
}

export type HttpAnswer = Result<HttpResponse, RegistryFailure>;

/**
 * Sends requests to registries: guarded addresses, per-host TLS and proxy, redirects, the row's concurrency and timeout,
 * `Retry-After` within the budget, circuit breakers. Never rejects. Knows nothing about tokens and manifests.
 */
export interface RegistryHttp {
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}
