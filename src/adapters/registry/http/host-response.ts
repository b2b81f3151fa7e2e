import type { Dispatcher } from 'undici';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { ResponseMemory } from './response-memory.ts';
import { type BodyEnd, drainBody, readBody, streamBody } from './response-body.ts';
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
  stream: HttpResponse['stream'];
  discard(): Promise<void>;
}

interface HostResponseDeps {
  readonly name: string;
  readonly budget: RequestBudget;
  readonly memory: ResponseMemory;
  /** Milliseconds since the request was sent. */
  readonly elapsed: () => number;
  /** Called with the limit of the body before the body is read, and for a large one with its announced length. */
  readonly allowBody: (maxBytes: number, announced?: number) => void;
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

type IncompleteEnd = Exclude<BodyEnd, { readonly end: 'whole' }>;

/** The failure of a body that could not be read to its end. */
const bodyFailure = (
  end: IncompleteEnd,
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

/** What the end of a body means, for who asked and for the circuit breaker. */
const createBodyEnds = (
  {
    status,
    headers,
    declared,
  }: Pick<HostResponse, 'status' | 'headers'> & { readonly declared: number | undefined },
  { stage }: HttpRequest,
  { name, budget, elapsed, onEnd }: HostResponseDeps,
) => {
  const outcome = outcomeOfStatus(status, headers['retry-after'] !== undefined);
  /** The failure for the circuit breaker, if the status counts as one. */
  const statusFailure = (why: string): RegistryFailure =>
    status >= 500 ? hostOutage(stage, name, why) : failure('unreachable', stage, name, why);
  const incomplete = (end: IncompleteEnd, limit: number): RegistryFailure => {
    if (budget.cancelReason() !== undefined && end.end === 'error') {
      const cancelled = cancelFailure(budget, stage, name);
      onEnd(outcomeWhenCancelled(budget, elapsed()), cancelled, false);
      return cancelled;
    }
    const { kind, why } = bodyFailure(end, { limit, declared });
    const broken = failure(kind, stage, name, why);
    // A lack of memory in the gate says nothing about the host.
    onEnd(outcomeOfFailure[kind] ?? 'ignored', broken, false);
    return broken;
  };
  const notRead = (of: CallOutcome): void => onEnd(of, statusFailure('its answer was not read'), false);
  const answered = (isWhole: boolean): void =>
    onEnd(outcome, statusFailure(`it answered ${status}`), isWhole);
  return {
    incomplete,
    /** Nothing more is read of it. */
    answered,
    /** So many bytes were read, and no more came. */
    whole: <T>(got: number, value: T, limit: number): Result<T, RegistryFailure> => {
      if (declared !== undefined && got !== declared)
        return fail(incomplete({ end: 'error', error: undefined, got }, limit));
      answered(true);
      return ok(value);
    },
    closed: (): void => notRead(outcomeWhenCancelled(budget, elapsed())),
    /** Who takes the body has a defect, which must not hold the place for ever. */
    defect: (): void => notRead('ignored'),
  };
};

export const createHostResponse = (
  response: Dispatcher.ResponseData,
  request: HttpRequest,
  deps: HostResponseDeps,
): HostResponse => {
  const { budget, memory, allowBody } = deps;
  const { statusCode: status, body } = response;
  const headers = plainHeaders(response.headers);
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304;
  const declared = isBodiless ? undefined : declaredLength(headers);
  const ends = createBodyEnds({ status, headers, declared }, request, deps);
  let isConsumed = false;
  /** Reads an unread body whose announced length is within the limit. */
  const within = async <End>(limit: number, read: () => Promise<End>): Promise<End | IncompleteEnd> => {
    const isSecond = isConsumed;
    isConsumed = true;
    if (isSecond) return { end: 'error', error: undefined, got: 0 };
    if (declared === undefined || declared <= limit) return read();
    body.destroy();
    return { end: 'limit' };
  };

  body.on('error', () => undefined);
  body.once('close', () => {
    if (isConsumed) return;
    isConsumed = true;
    ends.closed();
  });

  return {
    status,
    headers,
    read: async (limit) => {
      const end = await within(limit, () => {
        allowBody(limit);
        return readBody(body, limit, memory);
      });
      return end.end === 'whole'
        ? ends.whole(end.bytes.length, end.bytes, limit)
        : fail(ends.incomplete(end, limit));
    },
    stream: async (limit, take) => {
      const end = await within(limit, () => {
        allowBody(limit, declared);
        return streamBody(body, limit, take, budget);
      }).catch((error: unknown) => {
        ends.defect();
        throw error;
      });
      if (end.end === 'whole') return ends.whole(end.got, 'whole', limit);
      if (end.end !== 'stopped') return fail(ends.incomplete(end, limit));
      ends.answered(false);
      return ok('stopped');
    },
    discard: async () => {
      if (isConsumed) return;
      isConsumed = true;
      ends.answered(await drainBody(body, declared));
    },
  };
};
