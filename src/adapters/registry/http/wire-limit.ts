import type { Socket } from 'node:net';

/** How much one connection may bring for one request. */
export interface WireMeter {
  /** A request begins: nothing of its answer has come yet. */
  readonly begin: () => void;
  /** Its body is read now, at most so many bytes. */
  readonly expect: (body: number) => void;
}

export interface WireMeters {
  /** Watches a connection until it is closed. */
  watch(socket: Socket): WireMeter;
}

/** What may come beside a body: headers, interim answers, sizes of chunks, what the sockets read ahead. Bytes. */
const beside = 256 * 1024;
/** How often the connections are looked at, in milliseconds. */
const lookEvery = 25;

export const overrunCode = 'WIRE_OVERRUN';
const overrun = (): Error => Object.assign(new Error('more bytes than an answer has'), { code: overrunCode });

/**
 * Ends connections that bring bytes without end which become no part of an answer: interim answers, blank lines, a
 * status line that does not end, extensions of chunks, trailers. The HTTP library keeps none of them, so no other limit
 * sees them, and reading them takes all the time of the process (B9).
 *
 * Looks at counters by a timer: a listener of its own on the socket would take events away from the library.
 */
export const createWireMeters = (): WireMeters => {
  const most = new Map<Socket, number>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    for (const [socket, bytes] of most) if (socket.bytesRead > bytes) socket.destroy(overrun());
  };
  return {
    watch: (socket) => {
      const allow = (bytes: number): void => {
        if (!socket.destroyed) most.set(socket, socket.bytesRead + bytes);
      };
      allow(beside);
      timer ??= setInterval(look, lookEvery).unref();
      socket.once('close', () => {
        most.delete(socket);
        if (most.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      return {
        begin: () => allow(beside),
        // Pieces of a few bytes are refused elsewhere; what passes there is not longer on the wire than this.
        expect: (body) => allow(beside + 2 * body),
      };
    },
  };
};
