import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { createShares } from '../../../concurrency/shares.ts';
import type { Deadline } from '../../../gate/deadline.ts';
import {
  bodyTooLarge,
  bodyTooSlow,
  bodyTrickles,
  malformed,
  maxBodyBytes,
  maxBytesInFlight,
  overloaded,
  peekedBytes,
} from '../admission/rejection.ts';
import type { Refusal } from '../admission/rejection.ts';

export type WebRequest = IncomingMessage | Http2ServerRequest;

/**
 * `whole`: the body, whose bytes count as in flight until `release`; `mayWait` of a large one is asked before
 * its review waits for something else. `refused`: no more of it is wanted, `start`
 * is what came first. `gone`: the client left, nobody waits for an answer.
 */
export type Body =
  | {
      readonly state: 'whole';
      readonly bytes: Buffer;
      readonly mayWait?: (namespace: string) => boolean;
      readonly release: () => void;
    }
  | { readonly state: 'refused'; readonly refusal: Refusal; readonly start: Buffer }
  | { readonly state: 'gone' };

export interface IntakeLimits {
  readonly maxBodyBytes: number;
  readonly maxBytesInFlight: number;
}

/** Who sends a body. */
export interface Sender {
  /** The address that it comes from. */
  readonly peer: string;
  /** A body that comes more slowly than an honest sender's is given up before its deadline (R27). */
  readonly minimumRate: boolean;
}

export interface Intake {
  read(request: WebRequest, deadline: Deadline, sender?: Sender): Promise<Body>;
  bytesInFlight(): number;
  close(): void;
}

const nothing: Buffer = Buffer.alloc(0);
const gone: Body = { state: 'gone' };
/** How often slow bodies are looked at: one timer for all, because a timer for each costs as much as reading one. */
const sweepEvery = 100;

/** How long a body may take to get going, in milliseconds, and what it brings a second from then on at the least. */
const grace = 2_000;
const slowestPerSecond = 16 * 1024;

/** Bodies that are no larger may wait however many there are: 4,096 requests are open at most. */
const alwaysWaits = 16 * 1024;

/**
 * Bytes of bodies in flight. Those that wait have half of the room, so that the others always have the other half; of
 * it each namespace has a share (R26).
 */
const createRoom = (most: number) => {
  let inFlight = 0;
  const waiting = createShares(Math.floor(most / 2));
  return {
    inFlight: () => inFlight,
    fits: (more: number): boolean => inFlight + more <= most,
    take: (bytes: number): void => {
      inFlight += bytes;
    },
    /** What is held for one body that came whole. */
    holdOf: (bytes: number): Pick<Extract<Body, { readonly state: 'whole' }>, 'mayWait' | 'release'> => {
      let payer: string | undefined;
      if (bytes <= alwaysWaits) return { release: () => (inFlight -= bytes) };
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

/** A header can only make us refuse earlier: what it promises is never believed, what arrives is counted. */
const refusedByHeaders = (request: WebRequest, limit: number): Refusal | undefined => {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return malformed('the request body is compressed');
  }
  return Number(request.headers['content-length'] ?? 0) > limit ? bodyTooLarge : undefined;
};

/** Smallest buffer that pieces are put together in, unless the whole body is known to be smaller. */
const smallestRoom = 16 * 1024;

/**
 * Puts pieces together by copying. Keeping the pieces instead would let a client that sends one byte a piece cost
 * us a hundred bytes for each. An announced length only bounds the room: a client that announces much and sends
 * little holds at most twice what it sent.
 */
class Pieces {
  length = 0;
  #bytes: Buffer = nothing;
  readonly #announced: number | undefined;

  constructor(contentLength: string | undefined) {
    const announced = Number(contentLength);
    this.#announced = Number.isSafeInteger(announced) ? announced : undefined;
  }

  /** Bytes of memory that are held once a piece with this many bytes was added. */
  roomWith(more: number): number {
    const length = this.length + more;
    if (this.length === 0 || length <= this.#bytes.length) return Math.max(length, this.#bytes.length);
    if (this.#announced === undefined) return Math.max(smallestRoom, length + (length >> 2));
    return Math.max(length, Math.min(this.#announced, Math.max(smallestRoom, length * 2)));
  }

  add(piece: Buffer): void {
    // The first piece is kept as it came: most bodies are one.
    if (this.length === 0) this.#bytes = piece;
    else {
      this.#make(this.roomWith(piece.length));
      piece.copy(this.#bytes, this.length);
    }
    this.length += piece.length;
  }

  /** What came, with the beginning of a piece that there was no room for. */
  start(piece: Buffer): Buffer {
    if (this.length >= peekedBytes || piece.length === 0) return this.whole();
    return Buffer.concat([this.whole(), piece.subarray(0, peekedBytes)]);
  }

  whole(): Buffer {
    return this.length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.length);
  }

  #make(room: number): void {
    if (room === this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(room);
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

/** A body that is still arriving. */
interface Reading {
  readonly peer: string;
  readonly held: () => number;
  readonly deadline: Deadline;
  readonly trickles: () => boolean;
  readonly refuse: (refusal: Refusal) => void;
}

/** Says, from now on, whether so many bytes are too few for the time that they took. */
const slowFrom = (deadline: Deadline): ((bytes: number) => boolean) => {
  const budget = deadline.remaining();
  return (bytes) => {
    const taken = budget - deadline.remaining() - grace;
    return taken > 0 && bytes < (taken * slowestPerSecond) / 1_000;
  };
};

/** Gives up what takes too long, after a round's reading: what arrived while the loop was held up counts as arrived. */
const sweepSlow = (readings: ReadonlySet<Reading>): NodeJS.Timeout => {
  const sweep = (): void => {
    for (const { deadline, trickles, refuse } of readings) {
      if (deadline.remaining() <= 0) refuse(bodyTooSlow);
      else if (trickles()) refuse(bodyTrickles);
    }
  };
  return setInterval(() => setImmediate(sweep), sweepEvery).unref();
};

/** The largest body of the peer that holds most of what is arriving, if that is more than this peer would hold. */
const firstToGo = (
  readings: ReadonlySet<Reading>,
  { peer, more }: { readonly peer: string; readonly more: number },
): Reading | undefined => {
  const sums = new Map<string, number>();
  for (const { peer: one, held } of readings) sums.set(one, (sums.get(one) ?? 0) + held());
  let [greatest, most] = [peer, (sums.get(peer) ?? 0) + more];
  for (const [one, sum] of sums) if (sum > most) [greatest, most] = [one, sum];
  if (greatest === peer) return undefined;
  let largest: Reading | undefined;
  for (const reading of readings)
    if (reading.peer === greatest && reading.held() > (largest?.held() ?? 0)) largest = reading;
  return largest;
};

/**
 * R27. Attack: any Pod sends eight bodies of 8 MiB and keeps the last byte of each, and until their deadlines there is
 * room for no body of the API server. So the peer that holds most of what is still arriving gives way.
 */
const roomMaker =
  (room: ReturnType<typeof createRoom>, readings: ReadonlySet<Reading>) =>
  (peer: string, more: number): boolean => {
    while (!room.fits(more)) {
      const giver = firstToGo(readings, { peer, more });
      if (giver === undefined) return false;
      giver.refuse(overloaded);
    }
    return true;
  };

const unknownSender: Sender = { peer: '', minimumRate: false };

/** Reads bodies within the caps of R19: each at most 8 MiB, all in flight at most 64 MiB, each before its deadline. */
export const createIntake = (limits: IntakeLimits = { maxBodyBytes, maxBytesInFlight }): Intake => {
  const room = createRoom(limits.maxBytesInFlight);
  const readings = new Set<Reading>();
  const makeRoom = roomMaker(room, readings);
  const sweeper = sweepSlow(readings);

  const collect = (
    request: WebRequest,
    deadline: Deadline,
    { peer, minimumRate }: Sender,
    resolve: (body: Body) => void,
  ): void => {
    const isSlow = slowFrom(deadline);
    const pieces = new Pieces(request.headers['content-length']);
    let held = 0;
    let settled = false;
    const settle = (body: Body): void => {
      settled = true;
      readings.delete(reading);
      if (body.state !== 'whole') room.take(-held);
      resolve(body);
    };
    const refuse = (refusal: Refusal, piece = nothing): void =>
      settle({ state: 'refused', refusal, start: pieces.start(piece) });
    const trickles = (): boolean => minimumRate && isSlow(pieces.length);
    const reading: Reading = { peer, held: () => held, deadline, trickles, refuse };
    readings.add(reading);
    request.on('data', (piece: Buffer) => {
      // After a refusal what still arrives is let through to nowhere, see `writeEarly`.
      if (settled) return;
      // Room is looked for before it is taken: what is held never exceeds the limits.
      const holds = pieces.roomWith(piece.length);
      if (pieces.length + piece.length > limits.maxBodyBytes) refuse(bodyTooLarge, piece);
      else if (!makeRoom(peer, holds - held)) refuse(overloaded, piece);
      else {
        room.take(holds - held);
        held = holds;
        pieces.add(piece);
      }
    });
    request.on('end', () => {
      if (!settled) settle({ state: 'whole', bytes: pieces.whole(), ...room.holdOf(held) });
    });
    const leave = (): void => {
      if (!settled) settle(gone);
    };
    request.on('close', leave);
    request.on('error', leave);
  };

  return {
    read: (request, deadline, sender = unknownSender) => {
      const refusal = refusedByHeaders(request, limits.maxBodyBytes);
      if (refusal !== undefined) {
        request.on('error', () => {});
        return Promise.resolve({ state: 'refused', refusal, start: nothing });
      }
      return new Promise((resolve) => collect(request, deadline, sender, resolve));
    },
    bytesInFlight: room.inFlight,
    close: () => clearInterval(sweeper),
  };
};
