import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { AnswerRoom } from './response-memory.ts';
import type { Refusal } from './circuit-breaker.ts';
import type { PathLeave } from './circuit-breakers.ts';
import { type Budget, pauseFor } from './request-budget.ts';
import type { SendOver } from '../network/connection-pool.ts';
import { createExchange, type Exchange } from './http-exchange.ts';
import { failure, networkFailure, outage, shownTime } from '../network/failure.ts';
import { givenUpFailure, healthWhenGivenUp } from './timeout.ts';
import type { Host, Hosts } from './hosts.ts';
import { type HttpRequest, ownersOf, pathOf } from './http.ts';
import { pausedFailure } from './rate-limit-state.ts';
import type { Step } from './redirect.ts';

export interface VisitParts {
  readonly hosts: Hosts;
  readonly sendOver: SendOver;
  /** For the answers to questions about this registry, wherever its redirects lead. */
  readonly roomFor: (request: HttpRequest) => AnswerRoom;
  readonly clock: { monotonic(): number };
  /** 0 to 1: spreads those that wait for the same moment. */
  readonly jitter: () => number;
}

/** One request to one host: its turn, its leave of the breaker, its connection. */
export type Visit = (
  step: Step,
  request: HttpRequest,
  budget: Budget,
) => Promise<Result<{ readonly host: Host; readonly exchange: Exchange }, RegistryFailure>>;

/** What a request still needs after it has waited for its host; milliseconds. */
export const marginOf = (budget: Budget): number => Math.min(budget.timeout / 10, 500);

/** As excusable as what it failed with (R25). */
const refusedByBreaker = ({ again, last }: Refusal, name: string): RegistryFailure => {
  const cause = last === undefined ? '' : `; last: ${last.why}`;
  const why = `not asked, because it failed several times in a row; the next try comes in ${shownTime(again)}${cause}`;
  const stage = last?.stage ?? 'connect';
  return last?.excusable === true ? outage(stage, name, why) : failure('unreachable', stage, name, why);
};

/** A guard's refusal and our own limits say nothing about the host. */
const healthOf = ({ kind }: RegistryFailure): 'failed' | 'unknown' =>
  kind === 'unreachable' ? 'failed' : 'unknown';

/**
 * A name without an address is an outage of the DNS only where the operator has named the host. Of any other host it
 * says no more than a refused address does: nobody learns from the gate which names exist inside.
 */
const asConfigured = (found: RegistryFailure, configured: boolean): RegistryFailure =>
  configured && found.kind === 'unreachable' && found.stage === 'address'
    ? { ...found, excusable: true }
    : found;

/** Waits until the host may be asked again after it said `Retry-After`. */
const waitForPause = async (
  { pauses }: Host,
  name: string,
  { request, budget }: { readonly request: HttpRequest; readonly budget: Budget },
  { clock, jitter }: Pick<VisitParts, 'clock' | 'jitter'>,
): Promise<RegistryFailure | undefined> => {
  for (;;) {
    const pause = pauses.of(request);
    if (pause === undefined) return undefined;
    const left = pause.until - clock.monotonic();
    const why = `it answered ${pause.status} and asked not to be asked for another ${shownTime(left)}`;
    const wait = left + jitter() * Math.min(left, 250);
    if (wait + marginOf(budget) > budget.remaining())
      return pausedFailure(pause.status, 'queue', name, `${why}, which is longer than this request can wait`);
    if (!(await pauseFor(wait, budget.signal)))
      return pausedFailure(pause.status, 'queue', name, `${why}; the request was given up before that`);
  }
};

const takeTurn = async (
  host: Host,
  { hop }: Step,
  owners: Owners,
  budget: Budget,
): Promise<Result<() => void, RegistryFailure>> => {
  const { concurrency } = hop.settings;
  const turn = await host.turns.take(owners, budget.signal);
  if (turn.state === 'taken') return ok(turn.giveBack);
  if (turn.state === 'aborted') return fail(givenUpFailure(budget, 'queue', hop.name));
  const why = `all of the ${concurrency} places for requests to it that one namespace gets are taken, and too many wait; is it slow, or is concurrency in its row too low?`;
  return fail(failure('busy', 'queue', hop.name, why));
};

const brokenBelow =
  (name: string) =>
  (error: unknown): Result<never, RegistryFailure> =>
    fail(networkFailure('connect', name, error));

/** A request that may be sent now. */
interface Admitted {
  readonly host: Host;
  readonly leave: PathLeave;
  readonly giveBack: () => void;
}

type Admit = (step: Step, request: HttpRequest, budget: Budget) => Promise<Result<Admitted, RegistryFailure>>;

/** What has to be waited for before a host may be asked: its breaker, its pauses, a turn. */
const createAdmit =
  ({ hosts, clock, jitter }: Pick<VisitParts, 'hosts' | 'clock' | 'jitter'>): Admit =>
  async (step, request, budget) => {
    const { hop } = step;
    const path = pathOf(request);
    const host = hosts.of(hop);
    if (host === undefined)
      return fail(failure('busy', 'queue', hop.name, 'too many registries are being asked at one time'));
    const early = host.breakers.refusal(path);
    if (early !== undefined) return fail(refusedByBreaker(early, hop.name));
    const paused = await waitForPause(host, hop.name, { request, budget }, { clock, jitter });
    if (paused !== undefined) return fail(paused);
    const turn = await takeTurn(host, step, ownersOf(request.asker), budget);
    if (!turn.ok) return turn;
    // Asked for again: while this one waited, the host may have died.
    const leave = host.breakers.ask(path);
    if (!leave.open) return ok({ host, leave, giveBack: turn.value });
    turn.value();
    return fail(refusedByBreaker(leave, hop.name));
  };

export const createVisit = (parts: VisitParts): Visit => {
  const { sendOver, roomFor, clock } = parts;
  const admit = createAdmit(parts);

  const ask = async (
    { host, leave, giveBack }: Admitted,
    step: Step,
    request: HttpRequest,
    budget: Budget,
  ): ReturnType<Visit> => {
    const { name, settings } = step.hop;
    const asked = clock.monotonic();
    request.asker?.asked(name);
    const waited = (): number => clock.monotonic() - asked;
    // A defect below must not keep the turn for ever.
    const sent = await sendOver(host, step, request, budget).catch(brokenBelow(name));
    if (!sent.ok) {
      const givenUp = budget.givenUp() !== undefined;
      const shown = givenUp
        ? givenUpFailure(budget, sent.error.stage, name, waited())
        : asConfigured(sent.error, settings.configured === true);
      leave.settle(givenUp ? healthWhenGivenUp(budget, waited()) : healthOf(sent.error), shown);
      giveBack();
      return fail(shown);
    }
    request.asker?.answered(name);
    const { connection, response } = sent.value;
    let over = false;
    const exchange = createExchange(response, request, {
      name,
      budget,
      room: roomFor(request),
      waited,
      expect: connection.expect,
      over: (health, why, whole) => {
        if (over) return;
        over = true;
        if (whole) host.keep(connection, settings);
        else connection.close();
        leave.settle(health, why);
        giveBack();
      },
    });
    return ok({ host, exchange });
  };

  return async (step, request, budget) => {
    const admitted = await admit(step, request, budget);
    return admitted.ok ? ask(admitted.value, step, request, budget) : admitted;
  };
};
