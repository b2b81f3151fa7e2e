import type { Http2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../concurrency/clock.ts';
import { createByPeer, type ByPeer } from './by-peer.ts';
import type { WebRequest } from './body-reader.ts';

export interface ConnectionLimits {
  /** Unfinished connections of one peer address. */
  readonly unfinishedPerPeer: number;
  readonly unfinished: number;
  /** Connections that sent a request (with a client CA: that showed its certificate). */
  readonly finished: number;
  /** How long a connection may take to its first request, the handshake not counted, in milliseconds. */
  readonly headersTimeout: number;
}

export interface ConnectionLimiter {
  /** The address of the peer of a request. */
  peerOf(request: WebRequest): string;
  /** Called for a request. `proven`: its caller is verified. */
  requested(request: WebRequest, proven: boolean): void;
  close(): void;
}

interface ConnectionLimiterDeps {
  readonly limits: ConnectionLimits;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whether the handshake has verified the caller. */
  readonly isVerified: (socket: TLSSocket) => boolean;
  readonly onLimit: (message: string) => void;
}

type Ends = 'remoteAddress' | 'remotePort' | 'localAddress';

interface Connection {
  readonly socket: Socket;
  readonly peer: string;
  readonly key: string;
  finished: boolean;
  /** Since when it waits for its first request; absent during the handshake and after that request. */
  waitsSince: number | undefined;
  session: Http2Session | undefined;
}

/** The session of HTTP/2, or the socket of HTTP/1.1, that a request came by. */
export const connectionOf = (request: WebRequest): Http2Session | Socket =>
  ('stream' in request ? request.stream.session : undefined) ?? request.socket;

/** A TLS socket and the one below it have the same ends, and no public way leads from one to the other. */
const keyOf = ({ remoteAddress, remotePort, localAddress }: Pick<Socket, Ends>): string =>
  `${remoteAddress ?? ''} ${String(remotePort)} ${localAddress ?? ''}`;

/** The open connections, and which of them give way when there are too many. */
const createConnectionTable = (limits: ConnectionLimits, onLimit: (message: string) => void) => {
  const unfinished = createByPeer<Connection>();
  const finished = createByPeer<Connection>();
  const byKey = new Map<string, Connection>();
  const setOf = (connection: Connection): ByPeer<Connection> => (connection.finished ? finished : unfinished);

  const leave = (connection: Connection): void => {
    setOf(connection).delete(connection.peer, connection);
    if (byKey.get(connection.key) === connection) byKey.delete(connection.key);
  };
  const endOldest = (connections: Iterable<Connection>, most: number, what: string): void => {
    for (const connection of connections) {
      leave(connection);
      connection.socket.destroy();
      onLimit(`more than ${String(most)} ${what}`);
      return;
    }
  };
  const evict = (peer: string): void => {
    const { unfinishedPerPeer, unfinished: mostUnfinished, finished: most } = limits;
    while (unfinished.countOf(peer) > unfinishedPerPeer)
      endOldest(unfinished.of(peer), unfinishedPerPeer, 'unfinished connections of one address');
    while (unfinished.size() > mostUnfinished)
      endOldest(unfinished.largest(), mostUnfinished, 'unfinished connections');
    while (finished.size() > most) endOldest(finished.largest(), most, 'connections');
  };
  // Waits two iterations of the event loop, so that a request that came with its connection is read before the connection
  // is judged.
  const evictLater = (peer: string): void => void setImmediate(() => setImmediate(() => evict(peer)));

  return {
    all: () => byKey.values(),
    ofEnds: (socket: Pick<Socket, Ends>): Connection | undefined => byKey.get(keyOf(socket)),
    enter: (connection: Connection): void => {
      byKey.set(connection.key, connection);
      unfinished.add(connection.peer, connection);
      connection.socket.once('close', () => leave(connection));
      evictLater(connection.peer);
    },
    finish: (connection: Connection): void => {
      const { peer, finished: again } = connection;
      // The connection of the last request stands last, and gives way last.
      setOf(connection).delete(peer, connection);
      if (byKey.get(connection.key) !== connection) return;
      connection.finished = true;
      finished.add(peer, connection);
      if (!again) evictLater(peer);
    },
  };
};

const sweepInterval = 250;

/**
 * R27: shares the connections of a listener by peer address, from the first byte, before TLS. A connection that has
 * sent no request is unfinished: each peer may have a few of them, and its oldest gives way to its next. When all
 * places are taken, the peer that holds most gives way. Attack: one Pod, or many, with idle connections would keep
 * out the API server, and the kubelet that probes.
 */
export const limitConnections = (server: Server, deps: ConnectionLimiterDeps): ConnectionLimiter => {
  const { limits, clock, isVerified, onLimit } = deps;
  const table = createConnectionTable(limits, onLimit);
  const known = new WeakMap<object, Connection>();
  const of = (request: WebRequest): Connection | undefined => known.get(connectionOf(request));

  server.on('connection', (socket: Socket) => {
    const peer = socket.remoteAddress ?? '';
    const state = { finished: false, waitsSince: undefined, session: undefined };
    const connection = { socket, peer, key: keyOf(socket), ...state };
    known.set(socket, connection);
    table.enter(connection);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const connection = table.ofEnds(socket);
    if (connection === undefined) return;
    known.set(socket, connection);
    connection.waitsSince = clock.monotonic();
    if (isVerified(socket)) table.finish(connection);
  });
  server.on('session', (session: Http2Session) => {
    const connection = table.ofEnds(session.socket);
    if (connection === undefined) return;
    known.set(session, connection);
    connection.session = session;
  });

  /** HTTP/1.1 has a timer of its own; a session of HTTP/2 that opens no stream has none. */
  const sweep = (): void => {
    const now = clock.monotonic();
    for (const connection of table.all()) {
      if (connection.waitsSince === undefined) continue;
      const overdue = now - connection.waitsSince - limits.headersTimeout;
      // GOAWAY first: a client that dialed one connection too many loses no request.
      if (overdue > limits.headersTimeout) connection.socket.destroy();
      else if (overdue > 0) connection.session?.close();
    }
  };
  // After the sockets were read: what arrived while the event loop was busy counts.
  const sweeper = setInterval(
    () => setImmediate(sweep),
    Math.min(sweepInterval, limits.headersTimeout),
  ).unref();

  return {
    peerOf: (request) => of(request)?.peer ?? '',
    requested: (request, proven) => {
      const connection = of(request);
      if (connection === undefined) return;
      connection.waitsSince = undefined;
      if (proven) table.finish(connection);
    },
    close: () => clearInterval(sweeper),
  };
};
