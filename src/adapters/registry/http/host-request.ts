import type { Clock } from '../../../concurrency/clock.ts';
import { sleep } from '../../../concurrency/abort.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ResponseMemory } from './response-memory.ts';
import type { OpenCircuit } from '../../../concurrency/circuit-breaker.ts';
import type { PathPermit } from './circuit-breakers.ts';
import type { RequestBudget } from './request-budget.ts';
import type { ConnectionPool } from '../network/connection-pool.ts';
import { createHostResponse, type HostResponse } from './host-response.ts';
import { failure, networkFailure, hostOutage, shownTime } from '../network/failure.ts';
import { cancelFailure, outcomeWhenCancelled } from './timeout.ts';
import type { Host, Hosts } from './hosts.ts';
import { type HttpRequest, ownersOf, failureKeyOf } from './http.ts';
import { rateLimitFailure } from './rate-limit-state.ts';
import type { Hop } from './redirect.ts';

interface HostRequestDeps {
  readonly hosts: Hosts;
  readonly pool: ConnectionPool;
  /** Memory for responses to requests for this registry, including its redirects to other hosts. */
  readonly memoryFor: (request: HttpRequest) => ResponseMemory;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** 0 to 1: spreads requests that wait for the same moment. */
  readonly jitter: () => number;
}

/** Sends one request to one host; follows no redirect. */
export type SendToHost = (
  hop: Hop,
  request: HttpRequest,
  budget: RequestBudget,
) => Promise<Result<{ readonly host: Host; readonly response: HostResponse }, RegistryFailure>>;

/** Milliseconds that a request needs after it has waited for its host. */
export const timeToAnswer = (budget: RequestBudget): number => Math.min(budget.timeout / 10, 500);

/** As excusable as the failure that opened the circuit (R25). */
const openCircuitFailure = (
  { retryAfter, lastFailure }: OpenCircuit<RegistryFailure>,
  name: string,
): RegistryFailure => {
  const cause = lastFailure === undefined ? '' : `; last: ${lastFailure.why}`;
  const why = `not asked, because it failed several times in a row; the next try comes in ${shownTime(retryAfter)}${cause}`;
  const stage = lastFailure?.stage ?? 'connect';
  return lastFailure?.excusable === true
    ? hostOutage(stage, name, why)
    : failure('unreachable', stage, name, why);
};

/** A refusal by the address guard, or by a limit of the gate, says nothing about the host. */
const outcomeOf = ({ kind }: RegistryFailure): 'failure' | 'ignored' =>
  kind === 'unreachable' ? 'failure' : 'ignored';

/**
 * A name without an address is an outage of the DNS only where the operator has named the host. For every other host it looks
 * like a refused address, so that nobody learns from the gate which internal names exist.
 */
const excusableIfConfigured = (found: RegistryFailure, configured: boolean): RegistryFailure =>
  configured && found.kind === 'unreachable' && found.stage === 'address'
    ? { ...found, excusable: true }
    : found;

/** Waits until the `Retry-After` of the host is over. */
const waitForRetryAfter = async (
  { rateLimits }: Host,
  name: string,
  { request, budget }: { readonly request: HttpRequest; readonly budget: RequestBudget },
  { clock, jitter }: Pick<HostRequestDeps, 'clock' | 'jitter'>,
): Promise<RegistryFailure | undefined> => {
  for (;;) {
    const limit = rateLimits.limitOn(request);
    if (limit === undefined) return undefined;
    const left = limit.until - clock.monotonic();
    const why = `it answered ${limit.status} and asked not to be asked for another ${shownTime(left)}`;
    const wait = left + jitter() * Math.min(left, 250);
    if (wait + timeToAnswer(budget) > budget.remaining())
      return rateLimitFailure(
        limit.status,
        'queue',
        name,
        `${why}, which is longer than this request can wait`,
      );
    if (!(await sleep(wait, budget.signal)))
      return rateLimitFailure(limit.status, 'queue', name, `${why}; the request was given up before that`);
  }
};

const acquirePlace = async (
  host: Host,
  { endpoint }: Hop,
  request: HttpRequest,
  budget: RequestBudget,
): Promise<Result<() => void, RegistryFailure>> => {
  const { concurrency } = endpoint.settings;
  const { semaphore, bulkSemaphore } = host;
  budget.pause();
  const place = await (request.isBulk === true ? bulkSemaphore : semaphore).acquire(
    ownersOf(request.requester),
    budget.signal,
  );
  budget.restart();
  if (place.state === 'acquired') return ok(place.release);
  if (place.state === 'aborted') return fail(cancelFailure(budget, 'queue', endpoint.name));
  if (request.isBulk === true)
    return fail(failure('busy', 'queue', endpoint.name, 'too many large blobs of it are being read'));
  const why = `all of the ${concurrency} places for requests to it that one namespace gets are taken, and too many wait; is it slow, or is concurrency in its row too low?`;
  return fail(failure('busy', 'queue', endpoint.name, why));
};

/** A request that may be sent now. When its response ends, its outcome is recorded and its place is released. */
interface Admitted {
  readonly host: Host;
  readonly permit: PathPermit;
  readonly release: () => void;
}

/** Waits for everything that comes before the connection: circuit breaker, Retry-After, a place of the semaphore. */
const createAdmit =
  ({ hosts, clock, jitter }: Pick<HostRequestDeps, 'hosts' | 'clock' | 'jitter'>) =>
  async (
    hop: Hop,
    request: HttpRequest,
    budget: RequestBudget,
  ): Promise<Result<Admitted, RegistryFailure>> => {
    const { name } = hop.endpoint;
    const path = failureKeyOf(request);
    const host = hosts.get(hop.endpoint);
    if (host === undefined)
      return fail(failure('busy', 'queue', name, 'too many registries are being asked at one time'));
    const open = host.circuitBreakers.openCircuit(path);
    if (open !== undefined) return fail(openCircuitFailure(open, name));
    const limited = await waitForRetryAfter(host, name, { request, budget }, { clock, jitter });
    if (limited !== undefined) return fail(limited);
    const place = await acquirePlace(host, hop, request, budget);
    if (!place.ok) return place;
    // The circuit may have opened while this request waited.
    const permit = host.circuitBreakers.acquire(path);
    if (!permit.open) return ok({ host, permit, release: place.value });
    place.value();
    return fail(openCircuitFailure(permit, name));
  };

export const createSendToHost = (deps: HostRequestDeps): SendToHost => {
  const { pool, memoryFor, clock } = deps;
  const admit = createAdmit(deps);

  return async (hop, request, budget) => {
    const admitted = await admit(hop, request, budget);
    if (!admitted.ok) return admitted;
    const { host, permit, release } = admitted.value;
    const { name, settings } = hop.endpoint;
    const sentAt = clock.monotonic();
    const elapsed = (): number => clock.monotonic() - sentAt;
    request.requester?.asked(name);
    // A defect below must not hold the place for ever.
    const sent = await pool
      .send(host, hop, request, budget)
      .catch((error: unknown) => fail(networkFailure('connect', name, error)));
    if (!sent.ok) {
      const isCancelled = budget.cancelReason() !== undefined;
      const found = isCancelled
        ? cancelFailure(budget, sent.error.stage, name, elapsed())
        : excusableIfConfigured(sent.error, settings.configured === true);
      permit.record(isCancelled ? outcomeWhenCancelled(budget, elapsed()) : outcomeOf(sent.error), found);
      release();
      return fail(found);
    }
    request.requester?.answered(name);
    const { connection, response } = sent.value;
    let isEnded = false;
    const hostResponse = createHostResponse(response, request, {
      name,
      budget,
      memory: memoryFor(request),
      elapsed,
      allowBody: connection.allowBody,
      onEnd: (outcome, found, isWhole) => {
        if (isEnded) return;
        isEnded = true;
        if (isWhole) host.putIdle(connection, settings);
        else connection.close();
        permit.record(outcome, found);
        release();
      },
    });
    return ok({ host, response: hostResponse });
  };
};
