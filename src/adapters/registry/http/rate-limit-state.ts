import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { failure, hostOutage } from '../network/failure.ts';
import { type HttpRequest, failureKeyOf } from './http.ts';

/**
 * The failure of a host that asks the gate to wait. A 503 is an outage. A 429 is none, since tenants decide how many requests
 * are sent. Attack: a tenant uses up a pull limit, so that every image gets in as "unavailable" (R25).
 */
export const rateLimitFailure = (
  status: number,
  stage: RegistryStage,
  name: string,
  why: string,
): RegistryFailure => (status === 503 ? hostOutage(stage, name, why) : failure('paced', stage, name, why));

/** The end of a `Retry-After`, and the status of its response. */
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

/** The parts of a request that a limit may be about. */
type RateLimitedRequest = Pick<HttpRequest, 'host' | 'target' | 'account' | 'below' | 'isBulk'>;

/** Most limits that are kept for one host. The limit that ends first is removed first. */
const maxRateLimits = 64;

const accountKey = ({ account = '' }: RateLimitedRequest): string => `account ${account}`;
const pathKey = (request: RateLimitedRequest): string => `path ${failureKeyOf(request)}`;

/**
 * The `Retry-After` of one host. A 429 is about the account: registries count by account, and the limit of one namespace must
 * not keep others from their images. A 503 is about the path. Attack: a tenant asks for a repository that always answers 503
 * (a proxy cache whose upstream is gone), or lets a registry redirect there. A limit for the whole host would close it to
 * everybody, and would make the tenant's own image of that host an outage (R25).
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
 * @param date the `Date` header of the same response. The difference counts, since the clock of the server may be wrong
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
