import type { RegistryFailure } from '../../evidence/ports.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { AnswerRoom } from './answer-room.ts';
import type { Leave, Refusal } from './breaker.ts';
import { type Budget, pauseFor } from './budget.ts';
import type { SendOver } from './connections.ts';
import { createExchange, type Exchange } from './exchange.ts';
import { failure, networkReason, shownTime } from './failure.ts';
import { givenUpFailure, healthWhenGivenUp } from './given-up.ts';
import type { Host, Hosts } from './hosts.ts';
import type { HttpRequest } from './http.ts';
import type { Step } from './redirect.ts';

export interface VisitParts {
  readonly hosts: Hosts;
  readonly sendOver: SendOver;
  /** For the answers to questions about this registry, wherever its redirects lead. */
  readonly roomFor: (registry: string) => AnswerRoom;
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

const refusedByBreaker = ({ again, why }: Refusal, name: string): RegistryFailure =>
  failure(
    'unreachable',
    'connect',
    name,
    `not asked, because it failed several times in a row; the next try comes in ${shownTime(again)}; last: ${why}`,
  );

/** A guard's refusal and our own limits say nothing about the host. */
const healthOf = ({ kind, stage }: RegistryFailure): 'failed' | 'unknown' =>
  kind === 'unreachable' && stage !== 'queue' ? 'failed' : 'unknown';

/** Waits until the host may be asked again after it said `Retry-After`. */
const waitForPause = async (
  { pauses }: Host,
  {
    name,
    account,
    budget,
  }: { readonly name: string; readonly account: string | undefined; readonly budget: Budget },
  { clock, jitter }: Pick<VisitParts, 'clock' | 'jitter'>,
): Promise<RegistryFailure | undefined> => {
  for (;;) {
    const pause = pauses.of(account);
    if (pause === undefined) return undefined;
    const left = pause.until - clock.monotonic();
    const why = `it answered ${pause.status} and asked not to be asked for another ${shownTime(left)}`;
    const wait = left + jitter() * Math.min(left, 250);
    if (wait + marginOf(budget) > budget.remaining())
      return failure('unreachable', 'queue', name, `${why}, which is longer than this request can wait`);
    if (!(await pauseFor(wait, budget.signal)))
      return failure('unreachable', 'queue', name, `${why}; the request was given up before that`);
  }
};

const takeTurn = async (
  host: Host,
  { hop }: Step,
  budget: Budget,
): Promise<Result<() => void, RegistryFailure>> => {
  const { concurrency } = hop.settings;
  const turn = await host.turns.take(concurrency, budget.signal);
  if (turn.state === 'taken') return ok(turn.giveBack);
  if (turn.state === 'aborted') return fail(givenUpFailure(budget, 'queue', hop.name));
  const why = `all ${concurrency} places for requests to it are taken and too many wait; is it slow, or is concurrency in its row too low?`;
  return fail(failure('unreachable', 'queue', hop.name, why));
};

const brokenBelow =
  (name: string) =>
  (error: unknown): Result<never, RegistryFailure> =>
    fail(failure('unreachable', 'connect', name, networkReason(error)));

/** A request that may be sent now. */
interface Admitted {
  readonly host: Host;
  readonly leave: Leave;
  readonly giveBack: () => void;
}

type Admit = (
  step: Step,
  account: string | undefined,
  budget: Budget,
) => Promise<Result<Admitted, RegistryFailure>>;

/** What has to be waited for before a host may be asked: its breaker, its pauses, a turn. */
const createAdmit =
  ({ hosts, clock, jitter }: Pick<VisitParts, 'hosts' | 'clock' | 'jitter'>): Admit =>
  async (step, account, budget) => {
    const { hop } = step;
    const host = hosts.of(hop);
    if (host === undefined)
      return fail(
        failure('unreachable', 'queue', hop.name, 'too many registries are being asked at one time'),
      );
    const early = host.breaker.refusal();
    if (early !== undefined) return fail(refusedByBreaker(early, hop.name));
    const paused = await waitForPause(host, { name: hop.name, account, budget }, { clock, jitter });
    if (paused !== undefined) return fail(paused);
    const turn = await takeTurn(host, step, budget);
    if (!turn.ok) return turn;
    // Asked for again: while this one waited, the host may have died.
    const leave = host.breaker.ask();
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
    const waited = (): number => clock.monotonic() - asked;
    // A defect below must not keep the turn for ever.
    const sent = await sendOver(host, step, request, budget).catch(brokenBelow(name));
    if (!sent.ok) {
      const givenUp = budget.givenUp() !== undefined;
      const shown = givenUp ? givenUpFailure(budget, sent.error.stage, name) : sent.error;
      leave.settle(givenUp ? healthWhenGivenUp(budget, waited()) : healthOf(sent.error), shown.why);
      giveBack();
      return fail(shown);
    }
    const { connection, response } = sent.value;
    let over = false;
    const exchange = createExchange(response, request, {
      name,
      budget,
      room: roomFor(request.host),
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
    const admitted = await admit(step, request.account, budget);
    return admitted.ok ? ask(admitted.value, step, request, budget) : admitted;
  };
};
