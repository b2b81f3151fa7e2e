import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';

/** Highest stream id: a GOAWAY with it says "no new streams, please", and loses none that is on its way. */
const everyStream = 2 ** 31 - 1;
const noError = 0;

/** Knows the open connections, so that a drain can ask them to leave and end those that do not. */
export interface Connections {
  count(): number;
  isDraining(): boolean;
  /**
   * Lets every answer under way finish. For `linger` milliseconds connections are still served and asked to leave
   * (`Connection: close`, GOAWAY), because a request may already be on its way to an idle one; then nothing new is
   * accepted and idle connections end; what is left at `deadline` is cut off. A second call waits for the first.
   */
  drain(deadline: number): Promise<void>;
}

const longestLinger = 250;

export const trackConnections = (server: Http2SecureServer): Connections => {
  const sockets = new Set<TLSSocket>();
  const sessions = new Set<ServerHttp2Session>();
  let draining: Promise<void> | undefined;
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });

  const leave = async (deadline: number): Promise<void> => {
    const linger = Math.min(longestLinger, deadline / 4);
    for (const session of sessions)
      if (!session.closed && !session.destroyed) session.goaway(noError, everyStream);
    if (sockets.size > 0) await sleep(linger);
    await new Promise<void>((resolve) => {
      const cut = setTimeout(
        () => {
          for (const socket of sockets) socket.destroy();
        },
        Math.max(0, deadline - linger),
      );
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  };
  return {
    count: () => sockets.size,
    isDraining: () => draining !== undefined,
    drain: (deadline) => (draining ??= leave(deadline)),
  };
};
