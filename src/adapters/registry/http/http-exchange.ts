import type { Dispatcher } from 'undici';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { AnswerRoom } from './response-memory.ts';
import { type BodyEnd, drainBody, readBody } from './response-body.ts';
import type { Health } from './circuit-breaker.ts';
import type { Budget } from './request-budget.ts';
import { errorCode, failure, isBrokenAnswer, networkReason, outage } from '../network/failure.ts';
import { givenUpFailure, healthWhenGivenUp } from './timeout.ts';
import type { HttpRequest, HttpResponse } from './http.ts';

/** An answer whose body was not read yet. It must be read or dropped; the end of the budget does it else. */
export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  read: HttpResponse['read'];
  drop(): Promise<void>;
}

interface Surroundings {
  readonly name: string;
  readonly budget: Budget;
  readonly room: AnswerRoom;
  /** Milliseconds since the host was asked. */
  readonly waited: () => number;
  /** Told how much of the body is read, before it is. */
  readonly expect: (body: number) => void;
  /** Called once, at the end. `whole`: the body was read to its end, so that the connection can be used again. */
  readonly over: (health: Health, why: RegistryFailure, whole: boolean) => void;
}

/** Repeated headers joined, names in lower case. */
const plainHeaders = (headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

/** Answers of a gateway whose registry is gone. A 500 may concern one image alone, and does not count for all. */
const gatewayErrors = new Set([502, 503, 504]);

const healthByStatus = (status: number, paced: boolean): Health => {
  if (!gatewayErrors.has(status)) return 'answered';
  return paced ? 'unknown' : 'failed';
};

const declaredLength = (headers: Readonly<Record<string, string>>): number | undefined => {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

/** The codes of a body that ended, in order but too early. */
const early = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_SOCKET', 'UND_ERR_ABORTED', '']);

/** Which failure a body that could not be read to its end stands for. */
const bodyFailure = (
  end: Exclude<BodyEnd, { readonly end: 'whole' }>,
  { limit, declared }: { readonly limit: number; readonly declared: number | undefined },
): { readonly kind: RegistryFailure['kind']; readonly why: string } => {
  if (end.end === 'limit') {
    const size = declared === undefined ? '' : `, ${declared} bytes,`;
    return { kind: 'limit', why: `its answer${size} is larger than the ${limit} bytes that are read` };
  }
  if (end.end === 'pieces') return { kind: 'invalid', why: 'its answer comes in pieces of a few bytes' };
  if (end.end === 'room') {
    const why =
      'the gate is reading as many bytes of answers as it may at one time, or as one namespace gets of them';
    return { kind: 'busy', why };
  }
  const got = `${end.got}${declared === undefined ? '' : ` of ${declared}`} bytes`;
  return early.has(errorCode(end.error)) || isBrokenAnswer(end.error)
    ? { kind: 'invalid', why: `its answer ends after ${got}` }
    : { kind: 'unreachable', why: `${networkReason(end.error)} after ${got}` };
};

const healthByFailure: Readonly<Partial<Record<RegistryFailure['kind'], Health>>> = {
  limit: 'answered',
  unreachable: 'failed',
};

export const createExchange = (
  response: Dispatcher.ResponseData,
  request: HttpRequest,
  { name, budget, room, waited, expect, over }: Surroundings,
): Exchange => {
  const { statusCode: status, body } = response;
  const headers = plainHeaders(response.headers);
  const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
  const declared = bodiless ? undefined : declaredLength(headers);
  const health = healthByStatus(status, headers['retry-after'] !== undefined);
  let claimed = false;
  /** What the breaker says of it, should it have failed. */
  const statusFailure = (why: string): RegistryFailure =>
    status >= 500 ? outage(request.stage, name, why) : failure('unreachable', request.stage, name, why);

  const fellShort = (end: Exclude<BodyEnd, { readonly end: 'whole' }>, limit: number): RegistryFailure => {
    if (budget.givenUp() !== undefined && end.end === 'error') {
      const givenUp = givenUpFailure(budget, request.stage, name);
      over(healthWhenGivenUp(budget, waited()), givenUp, false);
      return givenUp;
    }
    const { kind, why } = bodyFailure(end, { limit, declared });
    const broken = failure(kind, request.stage, name, why);
    // A lack of room is ours, and says nothing about the host.
    over(healthByFailure[kind] ?? 'unknown', broken, false);
    return broken;
  };
  const readClaimed = async (limit: number): Promise<BodyEnd> => {
    if (declared === undefined || declared <= limit) {
      expect(limit);
      return readBody(body, limit, room);
    }
    body.destroy();
    return { end: 'limit' };
  };

  body.on('error', () => undefined);
  body.once('close', () => {
    if (claimed) return;
    claimed = true;
    over(healthWhenGivenUp(budget, waited()), statusFailure('its answer was not read'), false);
  });

  return {
    status,
    headers,
    read: async (limit) => {
      const second = claimed;
      claimed = true;
      const end: BodyEnd = second ? { end: 'error', error: undefined, got: 0 } : await readClaimed(limit);
      if (end.end !== 'whole') return { ok: false, failure: fellShort(end, limit) };
      const got = end.bytes.length;
      if (declared !== undefined && got !== declared)
        return { ok: false, failure: fellShort({ end: 'error', error: undefined, got }, limit) };
      over(health, statusFailure(`it answered ${status}`), true);
      return { ok: true, bytes: end.bytes };
    },
    drop: async () => {
      if (claimed) return;
      claimed = true;
      over(health, statusFailure(`it answered ${status}`), await drainBody(body, declared));
    },
  };
};
