import type { Socket } from 'node:net';

/** How many bytes one connection may receive for one request. */
export interface WireLimit {
  /** A request begins: nothing of its response has come yet. */
  readonly startRequest: () => void;
  /** The body of the response is read now. */
  readonly allowBody: (maxBytes: number) => void;
}

interface WireLimits {
  /** Watches a connection until it is closed. */
  watch(socket: Socket): WireLimit;
}

/** Bytes beside a body: headers, interim responses, sizes of chunks, what the sockets read ahead. */
const maxOverhead = 256 * 1024;
/** Milliseconds from one check of all connections to the next. */
const checkInterval = 25;

export const overrunCode = 'WIRE_OVERRUN';
const overrun = (): Error => Object.assign(new Error('more bytes than an answer has'), { code: overrunCode });

/**
 * Ends connections that receive endless bytes outside of a body: interim responses, blank lines, a status line without
 * an end, extensions of chunks, trailers. The HTTP library keeps none of them, so no other limit sees them, and parsing
 * them takes all the time of the process (B9).
 *
 * A timer reads the byte counters: a listener of its own on the socket would take events away from the library.
 */
export const createWireLimits = (): WireLimits => {
  const maxBytesRead = new Map<Socket, number>();
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    for (const [socket, bytes] of maxBytesRead) if (socket.bytesRead > bytes) socket.destroy(overrun());
  };
  return {
    watch: (socket) => {
      const allow = (bytes: number): void => {
        if (!socket.destroyed) maxBytesRead.set(socket, socket.bytesRead + bytes);
      };
      allow(maxOverhead);
      timer ??= setInterval(check, checkInterval).unref();
      socket.once('close', () => {
        maxBytesRead.delete(socket);
        if (maxBytesRead.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      return {
        startRequest: () => allow(maxOverhead),
        // Chunks of a few bytes are refused by readBody; what passes there is not longer on the wire than this.
        allowBody: (maxBytes) => allow(maxOverhead + 2 * maxBytes),
      };
    },
  };
};
