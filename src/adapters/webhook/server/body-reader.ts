import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { createShares } from '../../../concurrency/shares.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import {
  bodyTooLarge,
  bodyTooSlow,
  bodyRateTooLow,
  malformedReview,
  maxBodyBytes,
  maxBytesInFlight,
  overloaded,
  maxPeekedBytes,
  type RequestRejection,
} from '../admission/rejection.ts';

export type WebRequest = IncomingMessage | Http2ServerRequest;

/**
 * `whole`: the body. Its bytes count as in flight until `release`, and for a large body `mayWait` is called before
 * its review waits for something else. `rejected`: the rest of the body is not wanted; `start` is its beginning.
 * `gone`: the client left, so no answer is needed.
 */
export type Body =
  | {
      readonly state: 'whole';
      readonly bytes: Buffer;
      readonly mayWait?: (namespace: string) => boolean;
      readonly release: () => void;
    }
  | { readonly state: 'rejected'; readonly rejection: RequestRejection; readonly start: Buffer }
  | { readonly state: 'gone' };

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxBytesInFlight: number;
}

/** The client that sends a body. */
interface Sender {
  /** Its address. */
  readonly peer: string;
  /** A body below the minimum rate is rejected before its deadline (R27). */
  readonly minimumRate: boolean;
  /** The beginning of a body that is announced as too large is read too: whose it is stands there. */
  readonly isPeeked?: boolean;
}

export interface BodyReader {
  read(request: WebRequest, deadline: Deadline, sender?: Sender): Promise<Body>;
  bytesInFlight(): number;
  close(): void;
}

const nothing: Buffer = Buffer.alloc(0);
const gone: Body = { state: 'gone' };
/** Milliseconds between two checks for slow bodies. One timer for all: a timer for each costs as much as reading a body. */
const sweepInterval = 100;

/** Milliseconds before the minimum rate holds, and that rate. */
const gracePeriod = 2_000;
const minBytesPerSecond = 16 * 1024;

/** Smaller bodies may wait without a share: 4,096 requests are open at most. */
const maxFreeBytes = 16 * 1024;

/**
 * Bytes of bodies in flight. Bodies whose reviews wait have half of them, shared by namespace (R26), so that the others
 * always have the other half.
 */
const createBytesInFlight = (max: number) => {
  let inFlight = 0;
  const waiting = createShares(Math.floor(max / 2));
  return {
    inFlight: () => inFlight,
    fits: (more: number): boolean => inFlight + more <= max,
    take: (bytes: number): void => {
      inFlight += bytes;
    },
    /** How a whole body holds its bytes. */
    holdOf: (bytes: number): Pick<Extract<Body, { readonly state: 'whole' }>, 'mayWait' | 'release'> => {
      let payer: string | undefined;
      if (bytes <= maxFreeBytes) return { release: () => (inFlight -= bytes) };
      return {
        mayWait: (namespace) => {
          if (payer !== undefined) return true;
          payer = waiting.payer(() => [namespace], bytes);
          if (payer === undefined) return false;
          waiting.take(payer, bytes);
          return true;
        },
        release: () => {
          inFlight -= bytes;
          if (payer !== undefined) waiting.give(payer, bytes);
        },
      };
    },
  };
};

/** A header can only cause an earlier rejection. Its length is never believed; arriving bytes are counted. */
const rejectionByHeaders = (request: WebRequest, limit: number): RequestRejection | undefined => {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return malformedReview('the request body is compressed');
  }
  return Number(request.headers['content-length'] ?? 0) > limit ? bodyTooLarge : undefined;
};

/** Smallest buffer of a body of several chunks, unless the whole body is known to be smaller. */
const minCapacity = 16 * 1024;

/**
 * Joins chunks by copying. Attack: a client sends one byte a chunk, and kept chunks cost a hundred bytes for each. An
 * announced length only bounds the capacity: a client that announces much and sends little holds at most twice what it
 * sent.
 */
class BodyBuffer {
  length = 0;
  #bytes: Buffer = nothing;
  readonly #announced: number | undefined;

  constructor(contentLength: string | undefined) {
    const announced = Number(contentLength);
    this.#announced = Number.isSafeInteger(announced) ? announced : undefined;
  }

  /** Bytes of memory that are held once a chunk with this many bytes is appended. */
  capacityWith(more: number): number {
    const length = this.length + more;
    if (this.length === 0 || length <= this.#bytes.length) return Math.max(length, this.#bytes.length);
    if (this.#announced === undefined) return Math.max(minCapacity, length + (length >> 2));
    return Math.max(length, Math.min(this.#announced, Math.max(minCapacity, length * 2)));
  }

  append(chunk: Buffer): void {
    // The first chunk is kept as it came: most bodies are one chunk.
    if (this.length === 0) this.#bytes = chunk;
    else {
      this.#grow(this.capacityWith(chunk.length));
      chunk.copy(this.#bytes, this.length);
    }
    this.length += chunk.length;
  }

  /** The beginning of what came, with the beginning of a chunk that did not fit. */
  start(chunk: Buffer): Buffer {
    if (this.length >= maxPeekedBytes || chunk.length === 0) return this.whole();
    return Buffer.concat([this.whole(), chunk.subarray(0, maxPeekedBytes)]);
  }

  whole(): Buffer {
    return this.length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.length);
  }

  #grow(capacity: number): void {
    if (capacity === this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

/** A body that is still arriving. */
interface PendingBody {
  readonly peer: string;
  readonly held: () => number;
  readonly deadline: Deadline;
  readonly isTooSlow: () => boolean;
  readonly reject: (rejection: RequestRejection) => void;
}

const isNever = (): boolean => false;

/** Milliseconds that the event loop has waited for input until now. */
const realIdleTime = (): number => performance.eventLoopUtilization().idle;

/**
 * Starts the clock: time in which the event loop waited counts. On a machine with too much to do, 500 creates at one time
 * take seconds, and a client that gets no processor is no client that sends nothing.
 * @returns whether so many bytes are too few for the time since then
 */
const minimumRateFrom = (idleTime: () => number): ((bytes: number) => boolean) => {
  const began = idleTime();
  return (bytes) => {
    const taken = idleTime() - began - gracePeriod;
    return taken > 0 && bytes < (taken * minBytesPerSecond) / 1_000;
  };
};

/** Rejects bodies that take too long. It runs after the sockets were read: what arrived while the event loop was busy counts. */
const sweepSlow = (pending: ReadonlySet<PendingBody>): NodeJS.Timeout => {
  const sweep = (): void => {
    for (const { deadline, isTooSlow, reject } of pending) {
      if (deadline.remaining() <= 0) reject(bodyTooSlow);
      else if (isTooSlow()) reject(bodyRateTooLow);
    }
  };
  return setInterval(() => setImmediate(sweep), sweepInterval).unref();
};

/** The largest body of the peer that holds most bytes, if it holds more than this peer would. */
const bodyToEvict = (
  pending: ReadonlySet<PendingBody>,
  { peer, more }: { readonly peer: string; readonly more: number },
): PendingBody | undefined => {
  const sums = new Map<string, number>();
  for (const { peer: one, held } of pending) sums.set(one, (sums.get(one) ?? 0) + held());
  let [greatest, most] = [peer, (sums.get(peer) ?? 0) + more];
  for (const [one, sum] of sums) if (sum > most) [greatest, most] = [one, sum];
  if (greatest === peer) return undefined;
  let largest: PendingBody | undefined;
  for (const body of pending)
    if (body.peer === greatest && body.held() > (largest?.held() ?? 0)) largest = body;
  return largest;
};

/**
 * R27. Attack: any Pod sends eight bodies of 8 MiB without the last byte of each, and until their deadlines no body of
 * the API server fits. So the peer that holds most bytes of arriving bodies gives way.
 */
const createEvict =
  (bytes: ReturnType<typeof createBytesInFlight>, pending: ReadonlySet<PendingBody>) =>
  (peer: string, more: number): boolean => {
    while (!bytes.fits(more)) {
      const evicted = bodyToEvict(pending, { peer, more });
      if (evicted === undefined) return false;
      evicted.reject(overloaded);
    }
    return true;
  };

const unknownSender: Sender = { peer: '', minimumRate: false };

const defaultLimits: BodyLimits = { maxBodyBytes, maxBytesInFlight };

/** Reads bodies within the caps of R19: each at most 8 MiB, all in flight at most 64 MiB, each before its deadline. */
export const createBodyReader = (limits = defaultLimits, idleTime = realIdleTime): BodyReader => {
  const bytes = createBytesInFlight(limits.maxBytesInFlight);
  const pending = new Set<PendingBody>();
  const evict = createEvict(bytes, pending);
  const sweeper = sweepSlow(pending);

  const collect = (
    request: WebRequest,
    deadline: Deadline,
    { peer, minimumRate, isRefused }: Sender & { readonly isRefused: boolean },
    resolve: (body: Body) => void,
  ): void => {
    const isSlow = minimumRate ? minimumRateFrom(idleTime) : isNever;
    const buffer = new BodyBuffer(request.headers['content-length']);
    let held = 0;
    let settled = false;
    const settle = (result: Body): void => {
      settled = true;
      pending.delete(body);
      if (result.state !== 'whole') bytes.take(-held);
      resolve(result);
    };
    const reject = (rejection: RequestRejection, chunk = nothing): void =>
      settle({ state: 'rejected', rejection, start: buffer.start(chunk) });
    const isTooSlow = (): boolean => isSlow(buffer.length);
    const body: PendingBody = { peer, held: () => held, deadline, isTooSlow, reject };
    pending.add(body);
    request.on('data', (chunk: Buffer) => {
      // After a rejection the rest of the body is discarded, see `writeEarly`.
      if (settled) return;
      // Checked before the chunk is taken, so that held bytes never exceed the limits.
      const holds = buffer.capacityWith(chunk.length);
      if (isRefused || buffer.length + chunk.length > limits.maxBodyBytes) reject(bodyTooLarge, chunk);
      else if (!evict(peer, holds - held)) reject(overloaded, chunk);
      else {
        bytes.take(holds - held);
        held = holds;
        buffer.append(chunk);
      }
    });
    request.on('end', () => {
      if (!settled) settle({ state: 'whole', bytes: buffer.whole(), ...bytes.holdOf(held) });
    });
    const settleGone = (): void => {
      if (!settled) settle(gone);
    };
    request.on('close', settleGone);
    request.on('error', settleGone);
  };

  return {
    read: (request, deadline, sender = unknownSender) => {
      const rejection = rejectionByHeaders(request, limits.maxBodyBytes);
      const isRefused = rejection === bodyTooLarge && sender.isPeeked === true;
      if (rejection !== undefined && !isRefused) {
        request.on('error', () => {});
        return Promise.resolve({ state: 'rejected', rejection, start: nothing });
      }
      return new Promise((resolve) => collect(request, deadline, { ...sender, isRefused }, resolve));
    },
    bytesInFlight: bytes.inFlight,
    close: () => clearInterval(sweeper),
  };
};
