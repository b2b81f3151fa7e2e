import { constants, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Highest stream id: a GOAWAY with it says "no new streams, please", and loses none that is on its way. */
const maxStreamId = 2 ** 31 - 1;

/** Knows the open connections, so that some or all of them can be asked to leave and be ended when they do not. */
export interface Connections {
  /** Handshakes under way included. */
  count(): number;
  isDraining(): boolean;
  /** Replaces all open connections by new ones: asks them to leave and cuts off the remaining ones at `deadline`. */
  leave(deadline: number): void;
  /**
   * Lets every answer under way finish. For a while (`linger`) connections are still served and asked to leave
   * (`Connection: close`, GOAWAY), because a request may already be on its way to an idle one. Then nothing new is
   * accepted and idle connections end. Remaining connections are cut off at `deadline`. A second call waits for the
   * first.
   */
  drain(deadline: number): Promise<void>;
}

interface Open {
  readonly sockets: Iterable<Socket>;
  readonly sessions: Iterable<ServerHttp2Session>;
}

const ask = ({ sessions }: Open): void => {
  for (const session of sessions)
    if (!session.closed && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, maxStreamId);
};
const end = ({ sessions }: Open): void => {
  for (const session of sessions) session.close();
};
const cut = ({ sockets }: Open): void => {
  for (const socket of sockets) socket.destroy();
};

/** Follows the connections of a server; `longestLinger` is how long they are served after they were asked to leave. */
export const trackConnections = (server: Http2SecureServer, longestLinger: number): Connections => {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const open: Open = { sockets, sessions };
  let draining: Promise<void> | undefined;
  // From the first byte: a handshake under way already goes by the certificate and the CA that it began with.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A client that reconnects at once may reach this server again: it is asked to leave before it loses a request.
    if (draining !== undefined) session.goaway(constants.NGHTTP2_NO_ERROR, maxStreamId);
  });

  const drain = async (deadline: number): Promise<void> => {
    const linger = Math.min(longestLinger, deadline / 4);
    ask(open);
    if (sockets.size > 0) await sleep(linger);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => cut(open), Math.max(0, deadline - linger));
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  };
  return {
    count: () => sockets.size,
    isDraining: () => draining !== undefined,
    leave: (deadline) => {
      const former: Open = { sockets: [...sockets], sessions: [...sessions] };
      ask(former);
      setTimeout(() => end(former), longestLinger).unref();
      setTimeout(() => cut(former), deadline).unref();
    },
    drain: (deadline) => (draining ??= drain(deadline)),
  };
};
