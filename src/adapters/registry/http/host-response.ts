import type { Dispatcher } from 'undici';
import { fail, ok } from '../../../core/result.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { ResponseMemory } from './response-memory.ts';
import { type BodyEnd, drainBody, readBody } from './response-body.ts';
import type { CallOutcome } from '../../../concurrency/circuit-breaker.ts';
import type { RequestBudget } from './request-budget.ts';
import { errorCode, failure, isBrokenAnswer, networkReason, hostOutage } from '../network/failure.ts';
import { cancelFailure, outcomeWhenCancelled } from './timeout.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { plainHeaders } from '../../../core/text/http-headers.ts';

/** The response of one host with an unread body. It must be read or discarded; else the end of the budget discards it. */
export interface HostResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  read: HttpResponse['read'];
  discard(): Promise<void>;
}

interface HostResponseDeps {
  readonly name: string;
  readonly budget: RequestBudget;
  readonly memory: ResponseMemory;
  /** Milliseconds since the request was sent. */
  readonly elapsed: () => number;
  /** Called with the limit of the body before the body is read. */
  readonly allowBody: (maxBytes: number) => void;
  /** Called once. `isWhole`: the body was read to its end, so that the connection can be used again. */
  readonly onEnd: (outcome: CallOutcome, failure: RegistryFailure, isWhole: boolean) => void;
}

/** Statuses of a gateway whose registry is gone. A 500 may concern only one image, so it does not count here. */
const gatewayErrors = new Set([502, 503, 504]);

const outcomeOfStatus = (status: number, isRateLimited: boolean): CallOutcome => {
  if (!gatewayErrors.has(status)) return 'success';
  return isRateLimited ? 'ignored' : 'failure';
};

const declaredLength = (headers: Readonly<Record<string, string>>): number | undefined => {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

/** Error codes of a body that ended too early. */
const truncatedCodes = new Set([
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
  'UND_ERR_ABORTED',
  '',
]);

/** The failure of a body that could not be read to its end. */
const bodyFailure = (
  end: Exclude<BodyEnd, { readonly end: 'whole' }>,
  { limit, declared }: { readonly limit: number; readonly declared: number | undefined },
): { readonly kind: RegistryFailure['kind']; readonly why: string } => {
  if (end.end === 'limit') {
    const size = declared === undefined ? '' : `, ${declared} bytes,`;
    return { kind: 'limit', why: `its answer${size} is larger than the ${limit} bytes that are read` };
  }
  if (end.end === 'chunks') return { kind: 'invalid', why: 'its answer comes in pieces of a few bytes' };
  if (end.end === 'memory') {
    const why =
      'the gate is reading as many bytes of answers as it may at one time, or as one namespace gets of them';
    return { kind: 'busy', why };
  }
  const got = `${end.got}${declared === undefined ? '' : ` of ${declared}`} bytes`;
  return truncatedCodes.has(errorCode(end.error)) || isBrokenAnswer(end.error)
    ? { kind: 'invalid', why: `its answer ends after ${got}` }
    : { kind: 'unreachable', why: `${networkReason(end.error)} after ${got}` };
};

const outcomeOfFailure: Readonly<Partial<Record<RegistryFailure['kind'], CallOutcome>>> = {
  limit: 'success',
  unreachable: 'failure',
};

export const createHostResponse = (
  response: Dispatcher.ResponseData,
  request: HttpRequest,
  { name, budget, memory, elapsed, allowBody, onEnd }: HostResponseDeps,
): HostResponse => {
  const { statusCode: status, body } = response;
  const headers = plainHeaders(response.headers);
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304;
  const declared = isBodiless ? undefined : declaredLength(headers);
  const outcome = outcomeOfStatus(status, headers['retry-after'] !== undefined);
  let isConsumed = false;
  /** The failure for the circuit breaker, if the status counts as one. */
  const statusFailure = (why: string): RegistryFailure =>
    status >= 500 ? hostOutage(request.stage, name, why) : failure('unreachable', request.stage, name, why);

  const incomplete = (end: Exclude<BodyEnd, { readonly end: 'whole' }>, limit: number): RegistryFailure => {
    if (budget.cancelReason() !== undefined && end.end === 'error') {
      const cancelled = cancelFailure(budget, request.stage, name);
      onEnd(outcomeWhenCancelled(budget, elapsed()), cancelled, false);
      return cancelled;
    }
    const { kind, why } = bodyFailure(end, { limit, declared });
    const broken = failure(kind, request.stage, name, why);
    // A lack of memory in the gate says nothing about the host.
    onEnd(outcomeOfFailure[kind] ?? 'ignored', broken, false);
    return broken;
  };
  const readWithin = async (limit: number): Promise<BodyEnd> => {
    if (declared === undefined || declared <= limit) {
      allowBody(limit);
      return readBody(body, limit, memory);
    }
    body.destroy();
    return { end: 'limit' };
  };

  body.on('error', () => undefined);
  body.once('close', () => {
    if (isConsumed) return;
    isConsumed = true;
    onEnd(outcomeWhenCancelled(budget, elapsed()), statusFailure('its answer was not read'), false);
  });

  return {
    status,
    headers,
    read: async (limit) => {
      const isSecond = isConsumed;
      isConsumed = true;
      const end: BodyEnd = isSecond ? { end: 'error', error: undefined, got: 0 } : await readWithin(limit);
      if (end.end !== 'whole') return fail(incomplete(end, limit));
      const got = end.bytes.length;
      if (declared !== undefined && got !== declared)
        return fail(incomplete({ end: 'error', error: undefined, got }, limit));
      onEnd(outcome, statusFailure(`it answered ${status}`), true);
      return ok(end.bytes);
    },
    discard: async () => {
      if (isConsumed) return;
      isConsumed = true;
      onEnd(outcome, statusFailure(`it answered ${status}`), await drainBody(body, declared));
    },
  };
};
