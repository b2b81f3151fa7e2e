import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RequestBudget } from './request-budget.ts';
import type { HostResponse } from './host-response.ts';
import { shownTime } from '../network/failure.ts';
import type { HttpRequest } from './http.ts';
import { type Hop, nextHop } from './redirect.ts';
import { rateLimitFailure, retryAfter } from './rate-limit-state.ts';
import type { RegistrySettings } from '../settings.ts';
import type { Host } from './hosts.ts';
import { type SendToHost, timeToAnswer } from './host-request.ts';

/** Most tries of one hop at a host that answers 429 or 503 with `Retry-After`. */
const maxAttempts = 3;
/** Bounds of `Retry-After` in milliseconds, so that no host keeps the gate away for longer. */
const maxRetryAfter = 30_000;
const minRetryAfter = 100;

interface RedirectLoopDeps {
  readonly sendToHost: SendToHost;
  readonly clock: Clock;
  readonly settingsOf: (host: string) => RegistrySettings;
}

/** The wait that a response asks for; undefined when it asks for none. */
const retryAfterOf = ({ status, headers }: HostResponse, now: number): number | undefined =>
  status === 429 || status === 503 ? retryAfter(headers['retry-after'], headers['date'], now) : undefined;

interface RateLimited {
  readonly name: string;
  readonly status: number;
  /** Milliseconds, as the host asks. */
  readonly wait: number;
  readonly attempt: number;
}

/** @returns undefined when the request may be sent again */
const whyNoRetry = (
  { name, status, wait, attempt }: RateLimited,
  request: HttpRequest,
  budget: RequestBudget,
): RegistryFailure | undefined => {
  if (attempt < maxAttempts && wait + timeToAnswer(budget) <= budget.remaining()) return undefined;
  const why = `it answered ${status} and asks to wait ${shownTime(wait)} (Retry-After)`;
  const limit = attempt === maxAttempts ? `, ${attempt} times` : ', longer than this request has';
  return rateLimitFailure(status, request.stage, name, why + limit);
};

/** Sends a request from host to host until a response is final, and again to a host after its `Retry-After`. */
export const createFollowRedirects = ({ sendToHost, clock, settingsOf }: RedirectLoopDeps) => {
  const recordLimit = (host: Host, request: HttpRequest, status: number, wait: number): void => {
    const bounded = Math.min(Math.max(wait, minRetryAfter), maxRetryAfter);
    host.rateLimits.record(request, { until: clock.monotonic() + bounded, status });
  };

  return async (
    first: Hop,
    request: HttpRequest,
    budget: RequestBudget,
  ): Promise<Result<{ readonly response: HostResponse; readonly url: URL }, RegistryFailure>> => {
    let hop = first;
    let attempt = 1;
    for (;;) {
      const answer = await sendToHost(hop, request, budget);
      if (!answer.ok) return answer;
      const { host, response } = answer.value;
      const { status, headers } = response;
      const wait = retryAfterOf(response, clock.now());
      if (wait !== undefined) {
        recordLimit(host, request, status, wait);
        await response.discard();
        const failure = whyNoRetry({ name: hop.endpoint.name, status, wait, attempt }, request, budget);
        if (failure !== undefined) return fail(failure);
        attempt += 1;
        continue;
      }
      const next = nextHop(hop, { status, location: headers['location'] }, request, settingsOf);
      if (next.ok && next.value === undefined) return ok({ response, url: hop.endpoint.url });
      await response.discard();
      if (!next.ok) return next;
      hop = next.value ?? hop;
      attempt = 1;
    }
  };
};
