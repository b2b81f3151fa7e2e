import type { Socket } from 'node:net';

/** The limit of bytes that one connection receives for one request. */
export interface WireLimit {
  /** A request begins. No byte of its response has come yet. */
  readonly startRequest: () => void;
  /** The read of the body begins. */
  readonly allowBody: (maxBytes: number) => void;
}

interface WireLimits {
  /** Watches a connection until it is closed. */
  watch(socket: Socket): WireLimit;
}

/** Bytes beside a body: headers, interim responses, sizes of chunks, what the sockets read ahead. */
const maxOverhead = 256 * 1024;
/** Milliseconds between two checks of all connections. */
const checkInterval = 25;

export const overrunCode = 'WIRE_OVERRUN';
const overrun = (): Error => Object.assign(new Error('more bytes than an answer has'), { code: overrunCode });

/**
 * Ends connections that receive endless bytes outside of a body: interim responses, blank lines, an endless status line,
 * chunk extensions, trailers. The HTTP library keeps none of them, so no other limit sees them. Attack: a registry sends
 * them for ever, and their parsing takes all the time of the process (B9).
 *
 * A timer reads the byte counters, because a listener on the socket would take events away from the library.
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
        // readBody refuses tiny chunks. A body that it accepts is not longer on the wire than this.
        allowBody: (maxBytes) => allow(maxOverhead + 2 * maxBytes),
      };
    },
  };
};
