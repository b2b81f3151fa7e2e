import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { failure, outage } from '../network/failure.ts';
import { type HttpRequest, failureKeyOf } from './http.ts';

/**
 * The failure of a host that asks us to wait. A 503 is an outage. A 429 is about how much we asked, which
 * tenants decide: one could use up a pull limit, and every image would come in as "unavailable" (R25).
 */
export const rateLimitFailure = (
  status: number,
  stage: RegistryStage,
  name: string,
  why: string,
): RegistryFailure => (status === 503 ? outage(stage, name, why) : failure('paced', stage, name, why));

/** Until when a host asked not to be asked (`Retry-After`), and the status that said so. */
export interface RateLimit {
  /** Monotonic, in milliseconds. */
  readonly until: number;
  readonly status: number;
}

export interface RateLimitState {
  limitOn(request: RateLimitedRequest): RateLimit | undefined;
  record(request: RateLimitedRequest, limit: RateLimit): void;
  /** Whether any limit holds now. */
  isActive(): boolean;
}

/** The parts of a request that a limit is about. */
type RateLimitedRequest = Pick<HttpRequest, 'host' | 'target' | 'account' | 'below'>;

/** Limits that are kept for one host; the one that ends first gives way. */
const maxRateLimits = 64;

const accountKey = ({ account = '' }: RateLimitedRequest): string => `account ${account}`;
const pathKey = (request: RateLimitedRequest): string => `path ${failureKeyOf(request)}`;

/**
 * The `Retry-After` of one host. A 429 is about the account: rates are counted by account, and one namespace that is asked
 * to slow down must not keep others from their images. A 503 is about the path. Attack: a tenant asks for a repository
 * that always answers 503 (a proxy cache whose upstream is gone), or a registry of theirs redirects there. If the limit
 * were about the host, they would close it to everybody, and their own image of that host would be an outage (R25).
 */
export const createRateLimitState = (clock: Pick<Clock, 'monotonic'>): RateLimitState => {
  const limits = new Map<string, RateLimit>();
  const active = (key: string): RateLimit | undefined => {
    const limit = limits.get(key);
    if (limit === undefined || limit.until > clock.monotonic()) return limit;
    limits.delete(key);
    return undefined;
  };
  const evict = (): void => {
    for (const key of limits.keys()) active(key);
    if (limits.size < maxRateLimits) return;
    const [first] = [...limits].sort(([, a], [, b]) => a.until - b.until);
    if (first !== undefined) limits.delete(first[0]);
  };
  return {
    limitOn: (request) => {
      const [ofAccount, ofPath] = [active(accountKey(request)), active(pathKey(request))];
      const isPathLonger = ofPath !== undefined && ofAccount !== undefined && ofPath.until > ofAccount.until;
      return ofAccount === undefined || isPathLonger ? ofPath : ofAccount;
    },
    record: (request, limit) => {
      const key = limit.status === 429 ? accountKey(request) : pathKey(request);
      if ((active(key)?.until ?? 0) >= limit.until) return;
      if (!limits.has(key)) evict();
      limits.set(key, limit);
    },
    isActive: () => [...limits.keys()].some((key) => active(key) !== undefined),
  };
};

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
 * @param date the `Date` header of the same answer: a server whose clock is wrong means the difference
 * @param now milliseconds since 1970, used when there is no such header
 * @returns milliseconds to wait; undefined when there is no header or it cannot be read
 * @example
 * retryAfter('120', undefined, 0) // 120_000
 * retryAfter('Fri, 31 Dec 1999 23:59:59 GMT', 'Fri, 31 Dec 1999 23:59:49 GMT', 0) // 10_000
 */
export const retryAfter = (
  text: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined => {
  const value = text?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = httpDate(value);
  return at === undefined ? undefined : Math.max(0, at - (httpDate(date?.trim() ?? '') ?? now));
};

/** The two date forms of RFC 9110, 5.6.7 that name their zone. */
const httpDate = (text: string): number | undefined => {
  if (!/^[A-Z][a-z]{2,8}, .{1,24} GMT$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
};
