import { deadlineAfter } from '../../gate/deadline.ts';
import type { Clock } from '../../gate/ports.ts';
import { jsonError, writeAnswer } from './answer.ts';
import type { Answer, WebResponse } from './answer.ts';
import { createCallTargets } from './call-target.ts';
import type { Caller } from './caller.ts';
import type { OnProblem, WebhookHandlers } from './handlers.ts';
import type { Intake, WebRequest } from './intake.ts';
import { createJudge } from './judge.ts';
import { countOpenRequests, giveBack } from './open-requests.ts';
import type { Endpoint } from './refusal.ts';
import type { Call } from './refuse.ts';
import type { Rounds } from './rounds.ts';

export interface ExchangeDeps {
  readonly handlers: WebhookHandlers;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly rounds: Rounds;
  readonly callerOf: (request: WebRequest) => Caller;
  /** Whether clients are asked to leave. */
  readonly isDraining: () => boolean;
  readonly onProblem: OnProblem;
  /** Requests that are open at one time, over all connections. */
  readonly maxOpenRequests: number;
}

const endpointOf = (path: string): Endpoint | undefined => {
  if (path === '/validate') return 'validate';
  return path === '/image-review' ? 'image-review' : undefined;
};

/** What is refused before a body is read, and not a call at all. */
const refusedAtDoor = (request: WebRequest, endpoint: Endpoint | undefined): Answer | undefined => {
  if (endpoint === undefined) {
    const message = 'this server answers POST /validate and POST /image-review';
    return { status: 404, text: jsonError('not-found', message) };
  }
  if (request.method === 'POST') return undefined;
  return { status: 405, text: jsonError('method-not-allowed', 'send a POST'), headers: ['Allow', 'POST'] };
};

/** A client that leaves is no event: it gets no answer. */
const ignore = (): void => {};

/** The listener of the server: one request in, one answer out. */
export const createExchange = (deps: ExchangeDeps) => {
  const { handlers, clock, intake, rounds, callerOf, isDraining, onProblem, maxOpenRequests } = deps;
  const judge = createJudge(handlers, onProblem);
  const targetOf = createCallTargets();

  const record = ({ decision }: Answer): void => {
    if (decision === undefined) return;
    try {
      handlers.answered(decision);
    } catch (error) {
      onProblem({ kind: 'handler', message: 'a decision was answered but not recorded', error });
    }
  };

  const answerCall = async (call: Call, request: WebRequest, response: WebResponse): Promise<void> => {
    const body = await intake.read(request, call.deadline);
    if (body.state === 'gone') return;
    await rounds.join();
    const answer = await judge(call, body);
    // Who left meanwhile gets no answer; the decision was made all the same and is recorded.
    if (!response.destroyed && !response.writableEnded) writeAnswer(request, response, answer, isDraining());
    rounds.afterwards(() => record(answer));
  };

  const turnAway = (request: WebRequest, response: WebResponse, answer: Answer): void => {
    request.on('error', ignore);
    writeAnswer(request, response, answer, isDraining());
  };

  const openRequests = countOpenRequests(maxOpenRequests);
  return (request: WebRequest, response: WebResponse): void => {
    response.on('error', ignore);
    if (!openRequests.enter(response)) {
      onProblem({ kind: 'connection-limit', message: `more than ${String(maxOpenRequests)} open requests` });
      giveBack(request, response);
      return;
    }
    const { path, budget } = targetOf(request.url ?? '');
    const endpoint = endpointOf(path);
    const refused = refusedAtDoor(request, endpoint);
    if (refused !== undefined || endpoint === undefined) {
      if (refused !== undefined) turnAway(request, response, refused);
      return;
    }
    const caller = callerOf(request);
    if (caller.state === 'refused') {
      onProblem({ kind: 'caller-refused', message: caller.message });
      turnAway(request, response, { status: 403, text: jsonError('caller-refused', caller.message) });
      return;
    }
    const call = { endpoint, caller: caller.state, deadline: deadlineAfter(budget, clock) };
    answerCall(call, request, response).catch((error: unknown) => {
      onProblem({ kind: 'handler', message: 'an answer could not be written', error });
      response.destroy();
    });
  };
};
