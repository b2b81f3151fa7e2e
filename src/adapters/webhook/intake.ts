import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Deadline } from '../../gate/deadline.ts';
import {
  bodyTooLarge,
  bodyTooSlow,
  malformed,
  maxBodyBytes,
  maxBytesInFlight,
  overloaded,
} from './refusal.ts';
import type { Refusal } from './refusal.ts';

export type WebRequest = IncomingMessage | Http2ServerRequest;

/**
 * `whole`: the body, whose bytes count as in flight until `release`. `refused`: no more of it is wanted, `start`
 * is what came first. `gone`: the client left, nobody waits for an answer.
 */
export type Body =
  | { readonly state: 'whole'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly state: 'refused'; readonly refusal: Refusal; readonly start: Buffer }
  | { readonly state: 'gone' };

export interface IntakeLimits {
  readonly maxBodyBytes: number;
  readonly maxBytesInFlight: number;
}

export interface Intake {
  read(request: WebRequest, deadline: Deadline): Promise<Body>;
  bytesInFlight(): number;
  close(): void;
}

const nothing = Buffer.alloc(0);
const gone: Body = { state: 'gone' };
/** How often slow bodies are looked at: one timer for all, because a timer for each costs as much as reading one. */
const sweepEvery = 100;

/** A header can only make us refuse earlier: what it promises is never believed, what arrives is counted. */
const refusedByHeaders = (request: WebRequest, limit: number): Refusal | undefined => {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return malformed('the request body is compressed');
  }
  return Number(request.headers['content-length'] ?? 0) > limit ? bodyTooLarge : undefined;
};

/**
 * Puts pieces together by copying into a buffer that doubles. Keeping the pieces instead would let a client that
 * sends one byte a piece cost us a hundred bytes for each.
 */
class Pieces {
  length = 0;
  #bytes: Buffer = nothing;

  add(piece: Buffer): void {
    const length = this.length + piece.length;
    if (this.length === 0) this.#bytes = piece;
    else {
      if (length > this.#bytes.length || this.length === this.#bytes.length) this.#grow(length);
      piece.copy(this.#bytes, this.length);
    }
    this.length = length;
  }

  whole(): Buffer {
    return this.length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.length);
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(16 * 1024, length * 2));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

interface Reading {
  readonly deadline: Deadline;
  readonly refuse: (refusal: Refusal) => void;
}

/** Reads bodies within the caps of R19: each at most 8 MiB, all in flight at most 64 MiB, each before its deadline. */
export const createIntake = (limits: IntakeLimits = { maxBodyBytes, maxBytesInFlight }): Intake => {
  let inFlight = 0;
  const readings = new Set<Reading>();
  const sweeper = setInterval(() => {
    for (const { deadline, refuse } of readings) if (deadline.remaining() <= 0) refuse(bodyTooSlow);
  }, sweepEvery).unref();

  const collect = (request: WebRequest, deadline: Deadline, resolve: (body: Body) => void): void => {
    const pieces = new Pieces();
    let settled = false;
    const settle = (body: Body): void => {
      settled = true;
      readings.delete(reading);
      if (body.state !== 'whole') inFlight -= pieces.length;
      resolve(body);
    };
    const refuse = (refusal: Refusal): void => settle({ state: 'refused', refusal, start: pieces.whole() });
    const reading: Reading = { deadline, refuse };
    readings.add(reading);
    request.on('data', (piece: Buffer) => {
      // After a refusal what still arrives is let through to nowhere, see `answerEarly`.
      if (settled) return;
      inFlight += piece.length;
      pieces.add(piece);
      if (pieces.length > limits.maxBodyBytes) refuse(bodyTooLarge);
      else if (inFlight > limits.maxBytesInFlight) refuse(overloaded);
    });
    request.on('end', () => {
      if (settled) return;
      const { length } = pieces;
      settle({ state: 'whole', bytes: pieces.whole(), release: () => (inFlight -= length) });
    });
    const leave = (): void => {
      if (!settled) settle(gone);
    };
    request.on('close', leave);
    request.on('error', leave);
  };

  return {
    read: (request, deadline) => {
      const refusal = refusedByHeaders(request, limits.maxBodyBytes);
      if (refusal !== undefined) {
        request.on('error', () => {});
        return Promise.resolve({ state: 'refused', refusal, start: nothing });
      }
      return new Promise((resolve) => collect(request, deadline, resolve));
    },
    bytesInFlight: () => inFlight,
    close: () => clearInterval(sweeper),
  };
};
