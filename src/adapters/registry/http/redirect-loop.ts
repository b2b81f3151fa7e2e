import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Budget } from './request-budget.ts';
import type { Exchange } from './http-exchange.ts';
import { shownTime } from '../network/failure.ts';
import type { HttpRequest } from './http.ts';
import { nextStep, type Step } from './redirect.ts';
import { pausedFailure, retryAfter } from './rate-limit-state.ts';
import type { RegistrySettings } from '../settings.ts';
import { marginOf, type Visit } from './host-request.ts';

/** How often one request asks a host that answers 429 or 503 with `Retry-After`. */
const triesWhenPaced = 3;
/** A host cannot make us stay away for longer than this, whatever it says. */
const longestPause = 30_000;
const shortestPause = 100;

/** How long an answer asks to wait; undefined when it does not. */
const pauseOf = ({ status, headers }: Exchange, now: number): number | undefined =>
  status === 429 || status === 503 ? retryAfter(headers['retry-after'], headers['date'], now) : undefined;

/** What every step of one request shares. */
export interface Walk {
  readonly request: HttpRequest;
  readonly budget: Budget;
  readonly visit: Visit;
  readonly clock: Clock;
  readonly settingsOf: (host: string) => RegistrySettings;
}

/** Asks one host, and again when it says when, as far as the budget goes. */
const askPatiently = async (
  step: Step,
  { request, budget, visit, clock }: Walk,
): Promise<Result<Exchange, RegistryFailure>> => {
  for (let tries = 1; ; tries++) {
    const answer = await visit(step, request, budget);
    if (!answer.ok) return answer;
    const { host, exchange } = answer.value;
    const asked = pauseOf(exchange, clock.now());
    if (asked === undefined) return ok(exchange);
    const wait = Math.min(Math.max(asked, shortestPause), longestPause);
    host.pauses.add(request, { until: clock.monotonic() + wait, status: exchange.status });
    await exchange.drop();
    if (tries < triesWhenPaced && asked + marginOf(budget) <= budget.remaining()) continue;
    const why = `it answered ${exchange.status} and asks to wait ${shownTime(asked)} (Retry-After)`;
    const limit = tries === triesWhenPaced ? `, ${tries} times` : ', longer than this request has';
    return fail(pausedFailure(exchange.status, request.stage, step.hop.name, why + limit));
  }
};

/** Goes from host to host until an answer is final. */
export const follow = async (
  first: Step,
  walk: Walk,
): Promise<Result<{ readonly exchange: Exchange; readonly url: URL }, RegistryFailure>> => {
  let step = first;
  for (;;) {
    const answer = await askPatiently(step, walk);
    if (!answer.ok) return answer;
    const { status, headers } = answer.value;
    const next = nextStep(step, { status, location: headers['location'] }, walk.request, walk.settingsOf);
    if (next.ok && next.value === undefined) return ok({ exchange: answer.value, url: step.hop.url });
    await answer.value.drop();
    if (!next.ok) return next;
    step = next.value ?? step;
  }
};
