import type { Decision } from '../../../core/decision/decision.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import { deadlineAfter } from '../../../gate/deadline.ts';
import { jsonError, writeAnswer, type WebAnswer, type WebResponse } from './answer.ts';
import { createCallTargets } from './call-target.ts';
import type { Caller } from './caller.ts';
import type { ConnectionLimiter } from './connection-limits.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import type { BodyReader, WebRequest } from './body-reader.ts';
import { bytesParsedAtOnce, createDispatch } from '../admission/dispatch.ts';
import { limitOpenRequests, refuseUnprocessed } from './open-requests.ts';
import type { ReviewEndpoint } from '../admission/rejection.ts';
import type { Call } from '../admission/reject.ts';
import type { RequestBatcher } from './request-batcher.ts';
import type { RegistryEventsEndpoint } from '../events/registry-events.ts';

interface RequestListenerDeps {
  readonly handlers: WebhookHandlers;
  readonly clock: Clock;
  readonly bodyReader: BodyReader;
  readonly batcher: RequestBatcher;
  readonly callerOf: (request: WebRequest) => Caller;
  /** Whether clients are asked to use another connection. */
  readonly isDraining: () => boolean;
  readonly onProblem: OnProblem;
  /** Absent: the gate takes no registry events. */
  readonly registryEvents: RegistryEventsEndpoint | undefined;
  /** Requests that are open at one time, over all connections. */
  readonly maxOpenRequests: number;
  readonly connectionLimiter: Pick<ConnectionLimiter, 'peerOf' | 'requested'>;
}

const endpoints: ReadonlyMap<string, ReviewEndpoint> = new Map([
  ['/validate', 'validate'],
  ['/constraints', 'constraints'],
  ['/mutate', 'mutate'],
  ['/image-review', 'image-review'],
]);

/** Rejects a path or method that this server does not know, before a body is read. No review is recorded. */
const rejectionByPath = (request: WebRequest, isKnown: boolean): WebAnswer | undefined => {
  if (!isKnown) {
    const message = 'this server answers POST /validate, /constraints, /mutate and /image-review';
    return { status: 404, text: jsonError('not-found', message) };
  }
  if (request.method === 'POST') return undefined;
  return { status: 405, text: jsonError('method-not-allowed', 'send a POST'), headers: ['Allow', 'POST'] };
};

/** Open requests of callers that the client CA does not let in: they get a 403, and registries send their events. */
const maxOpenOfRejected = 256;

/** How long a registry may take to send an event, in milliseconds. */
const eventsTimeout = 10_000;

/** A client that disconnects causes an error event and needs no answer. */
const ignore = (): void => {};

interface PeerCall extends Call {
  readonly peer: string;
}

/** How each kind of request gets its answer. */
const createAnswers = (deps: RequestListenerDeps) => {
  const { handlers, clock, bodyReader, batcher, isDraining, onProblem } = deps;
  const dispatch = createDispatch(handlers, onProblem);

  const record = (decision: Decision): void => {
    try {
      handlers.answered(decision);
    } catch (error) {
      onProblem({ kind: 'handler', message: 'a decision was answered but not recorded', error });
    }
  };
  /** Writes nothing to a client that has disconnected. */
  const write = (request: WebRequest, response: WebResponse, answer: WebAnswer): void => {
    if (!response.destroyed && !response.writableEnded) writeAnswer(request, response, answer, isDraining());
  };

  return {
    review: async (call: PeerCall, request: WebRequest, response: WebResponse): Promise<void> => {
      const minimumRate = call.caller === 'unverified';
      const isPeeked = call.endpoint === 'constraints';
      const body = await bodyReader.read(request, call.deadline, { peer: call.peer, minimumRate, isPeeked });
      if (body.state === 'gone') return;
      await batcher.nextBatch(bytesParsedAtOnce(body));
      // An answer that is there is waited for as well: the first of a batch is written when all of it is judged.
      const answer = await dispatch(call, body);
      write(request, response, answer);
      // A decision was made even if the client has disconnected: it is recorded.
      const { decision } = answer;
      if (decision !== undefined) batcher.afterBatch(() => record(decision));
    },
    events: async (
      endpoint: RegistryEventsEndpoint,
      request: WebRequest,
      response: WebResponse,
    ): Promise<void> => {
      request.on('error', ignore);
      const answer = await endpoint.answer(request, deadlineAfter(eventsTimeout, clock));
      if (answer !== undefined) write(request, response, answer);
    },
    reject: (request: WebRequest, response: WebResponse, answer: WebAnswer): void => {
      request.on('error', ignore);
      writeAnswer(request, response, answer, isDraining());
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
export const createRequestListener = (deps: RequestListenerDeps) => {
  const { clock, callerOf, onProblem, registryEvents, maxOpenRequests, connectionLimiter } = deps;
  const answers = createAnswers(deps);
  const targetOf = createCallTargets();
  // R27: verified callers have places that nobody else can take.
  const openRequests = limitOpenRequests(maxOpenRequests);
  const openOfRejected = limitOpenRequests(Math.min(maxOpenRequests, maxOpenOfRejected));
  return (request: WebRequest, response: WebResponse): void => {
    response.on('error', ignore);
    const caller = callerOf(request);
    const isRejected = caller.state === 'refused';
    connectionLimiter.requested(request, !isRejected);
    const peer = connectionLimiter.peerOf(request);
    const admitted = (isRejected ? openOfRejected : openRequests).admit(peer, request, response);
    if (admitted === undefined) {
      onProblem({ kind: 'connection-limit', message: 'too many open requests' });
      refuseUnprocessed(request, response);
      return;
    }
    const { path, budget } = targetOf(request.url ?? '');
    const endpoint = endpoints.get(path);
    const events =
      path === '/registry-events' && registryEvents?.isOpen() === true ? registryEvents : undefined;
    const rejection = rejectionByPath(request, endpoint !== undefined || events !== undefined);
    if (rejection !== undefined) {
      answers.reject(request, response, rejection);
      return;
    }
    if (events !== undefined) {
      admitted.holdFor(answers.events(events, request, response).catch(answers.failed(response)));
      return;
    }
    if (endpoint === undefined) return;
    if (caller.state === 'refused') {
      onProblem({ kind: 'caller-refused', message: caller.message });
      answers.reject(request, response, {
        status: 403,
        text: jsonError('caller-refused', caller.message),
      });
      return;
    }
    const call = { endpoint, caller: caller.state, deadline: deadlineAfter(budget, clock), peer };
    admitted.holdFor(answers.review(call, request, response).catch(answers.failed(response)));
  };
};
