import type { Clock } from '../../../concurrency/clock.ts';
import { deadlineAfter } from '../../../gate/deadline.ts';
import { jsonError, writeAnswer } from './answer.ts';
import type { Answer, WebResponse } from './answer.ts';
import { createCallTargets } from './call-target.ts';
import type { Caller } from './caller.ts';
import type { ConnectionPlaces } from './connection-limits.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import type { Intake, WebRequest } from './body-reader.ts';
import { createJudge } from '../admission/dispatch.ts';
import { countOpenRequests, giveBack } from './open-requests.ts';
import type { Endpoint } from '../admission/rejection.ts';
import type { Call } from '../admission/reject.ts';
import type { Rounds } from './request-batcher.ts';
import type { RegistryEventsDoor } from '../events/registry-events.ts';

export interface ExchangeDeps {
  readonly handlers: WebhookHandlers;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly rounds: Rounds;
  readonly callerOf: (request: WebRequest) => Caller;
  /** Whether clients are asked to leave. */
  readonly isDraining: () => boolean;
  readonly onProblem: OnProblem;
  /** Absent: the gate takes no registry events. */
  readonly registryEvents: RegistryEventsDoor | undefined;
  /** Requests that are open at one time, over all connections. */
  readonly maxOpenRequests: number;
  readonly places: Pick<ConnectionPlaces, 'peerOf' | 'requested'>;
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/validate', 'validate'],
  ['/mutate', 'mutate'],
  ['/image-review', 'image-review'],
]);

/** What is refused before a body is read, and not a call at all. */
const refusedAtDoor = (request: WebRequest, isKnown: boolean): Answer | undefined => {
  if (!isKnown) {
    const message = 'this server answers POST /validate, POST /mutate and POST /image-review';
    return { status: 404, text: jsonError('not-found', message) };
  }
  if (request.method === 'POST') return undefined;
  return { status: 405, text: jsonError('method-not-allowed', 'send a POST'), headers: ['Allow', 'POST'] };
};

/** Open requests of callers that a client CA does not let in: they are told so, and registries send their events. */
const maxOpenOfStrangers = 256;

/** How long a registry may take to send an event, in milliseconds. */
const eventsBudget = 10_000;

/** A client that leaves is no event: it gets no answer. */
const ignore = (): void => {};

interface PeerCall extends Call {
  readonly peer: string;
}

/** How each kind of request gets its answer. */
const createAnswers = (deps: ExchangeDeps) => {
  const { handlers, clock, intake, rounds, isDraining, onProblem } = deps;
  const judge = createJudge(handlers, onProblem);

  const record = ({ decision }: Answer): void => {
    if (decision === undefined) return;
    try {
      handlers.answered(decision);
    } catch (error) {
      onProblem({ kind: 'handler', message: 'a decision was answered but not recorded', error });
    }
  };
  const write = (request: WebRequest, response: WebResponse, answer: Answer): void =>
    writeAnswer(request, response, answer, isDraining());
  const isOpen = (response: WebResponse): boolean => !response.destroyed && !response.writableEnded;

  return {
    call: async (call: PeerCall, request: WebRequest, response: WebResponse): Promise<void> => {
      const minimumRate = call.caller === 'unverified';
      const body = await intake.read(request, call.deadline, { peer: call.peer, minimumRate });
      if (body.state === 'gone') return;
      await rounds.join();
      const answer = await judge(call, body);
      // Who left meanwhile gets no answer; the decision was made all the same and is recorded.
      if (isOpen(response)) write(request, response, answer);
      rounds.afterwards(() => record(answer));
    },
    events: async (door: RegistryEventsDoor, request: WebRequest, response: WebResponse): Promise<void> => {
      request.on('error', ignore);
      const answer = await door.answer(request, deadlineAfter(eventsBudget, clock));
      if (answer !== undefined && isOpen(response)) write(request, response, answer);
    },
    turnAway: (request: WebRequest, response: WebResponse, answer: Answer): void => {
      request.on('error', ignore);
      write(request, response, answer);
    },
    failed:
      (response: WebResponse) =>
      (error: unknown): void => {
        onProblem({ kind: 'handler', message: 'an answer could not be written', error });
        response.destroy();
      },
  };
};

/** The listener of the server: one request in, one answer out. */
export const createExchange = (deps: ExchangeDeps) => {
  const { clock, callerOf, onProblem, registryEvents, maxOpenRequests, places } = deps;
  const answers = createAnswers(deps);
  const targetOf = createCallTargets();
  // R27: with a client CA whoever it let in has places that nobody else can take.
  const openRequests = countOpenRequests(maxOpenRequests);
  const openOfStrangers = countOpenRequests(Math.min(maxOpenRequests, maxOpenOfStrangers));
  return (request: WebRequest, response: WebResponse): void => {
    response.on('error', ignore);
    const caller = callerOf(request);
    const isStranger = caller.state === 'refused';
    places.requested(request, !isStranger);
    const peer = places.peerOf(request);
    const open = (isStranger ? openOfStrangers : openRequests).enter(peer, request, response);
    if (open === undefined) {
      onProblem({ kind: 'connection-limit', message: 'too many open requests' });
      giveBack(request, response);
      return;
    }
    const { path, budget } = targetOf(request.url ?? '');
    const endpoint = endpoints.get(path);
    const events =
      path === '/registry-events' && registryEvents?.isOpen() === true ? registryEvents : undefined;
    const refused = refusedAtDoor(request, endpoint !== undefined || events !== undefined);
    if (refused !== undefined) {
      answers.turnAway(request, response, refused);
      return;
    }
    if (events !== undefined) {
      open.lasts(answers.events(events, request, response).catch(answers.failed(response)));
      return;
    }
    if (endpoint === undefined) return;
    if (caller.state === 'refused') {
      onProblem({ kind: 'caller-refused', message: caller.message });
      answers.turnAway(request, response, {
        status: 403,
        text: jsonError('caller-refused', caller.message),
      });
      return;
    }
    const call = { endpoint, caller: caller.state, deadline: deadlineAfter(budget, clock), peer };
    open.lasts(answers.call(call, request, response).catch(answers.failed(response)));
  };
};
