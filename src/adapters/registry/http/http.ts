import type { Owners } from '../../../concurrency/shares.ts';
import type { Result } from '../../../core/result.ts';
import type { Requester, RegistryFailure, RegistryStage, TakeChunk } from '../../../evidence/ports.ts';

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
  /**
   * The body is streamed and may be large. It has places of its own at the host, and the timeout of the row is its longest
   * silence: only `signal` bounds it as a whole.
   */
  readonly isBulk?: true;
  /** The deadline of the review. The timeout of the row holds too. */
  readonly signal: AbortSignal;
}

/**
 * The key of a request for circuit breakers and rate limits, also after redirects: the repository at a registry, or the whole
 * URL at a token server. Each account has its own key, because a host may fail only for one login (R26). Content below
 * manifests has its own key too (R25). Attack: a tenant pushes images whose configs take for ever, until the circuit of the
 * repository opens, which is excusable and lets the images in. What is streamed has its own for the same reason.
 */
export const failureKeyOf = ({
  host,
  target,
  account = '',
  below,
  isBulk,
}: Pick<HttpRequest, 'host' | 'target' | 'account' | 'below' | 'isBulk'>): string =>
  typeof target === 'string'
    ? `${host} ${target.split('/').slice(0, -2).join('/')}${isBulk === true ? ' bulk' : below === true ? ' below' : ''} ${account}`
    : `${target.origin}${target.pathname}${target.search} ${account}`;

/** `stopped`: no more of it was wanted. */
export type StreamEnd = 'whole' | 'stopped';

/** The response of the last hop. The body is raw: it is never decompressed. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The URL of the response, after redirects. */
  readonly url: URL;
  /** Reads at most `limit` bytes. A longer body, or one that ends early, is a failure. Every response is read or discarded. */
  read(limit: number): Promise<Result<Uint8Array, RegistryFailure>>;
  /**
   * Hands on at most `limit` bytes as they come, and keeps none; for requests that are `isBulk`. A longer body, or one that
   * ends early, is a failure.
   */
  stream(limit: number, take: TakeChunk): Promise<Result<StreamEnd, RegistryFailure>>;
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
