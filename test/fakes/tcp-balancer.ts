import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Backend {
  readonly host: string;
  readonly port: number;
  /** Where it says whether it wants new connections, as the endpoints of a Service do; without it, it always does. */
  readonly readyz?: string;
}
export interface TcpBalancer {
  readonly port: number;
  /** Connections that were handed to each backend, in the order of the backends. */
  counts(): number[];
  close(): Promise<void>;
}

/** A dead backend is asked again after this long. */
const rest = 500;
const connectBound = 1_000;
const probeEvery = 50;

interface Member {
  readonly backend: Backend;
  count: number;
  deadUntil: number;
  ready: boolean;
}

/**
 * Hands each connection to the next backend in turn. A backend that refuses is passed over and left alone for a
 * while, one that says that it is not ready as well; when all are dead the client is reset. Knows nothing of what flows through it, like a Service.
 */
export const startTcpBalancer = async (backends: readonly Backend[], port = 0): Promise<TcpBalancer> => {
  const members: Member[] = backends.map((backend) => ({ backend, count: 0, deadUntil: 0, ready: true }));
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  let turn = 0;
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    track(client).on('error', () => undefined);
    const order = members.map((_, index) => members[(turn + index) % members.length]!);
    turn += 1;
    const now = Date.now();
    // The dead ones come last instead of never: with all of them dead one may be back.
    const shunned = (member: Member): number => Number(!member.ready || member.deadUntil > now);
    order.sort((a, b) => shunned(a) - shunned(b));
    void pass(client, order, track);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const probes = new AbortController();
  for (const member of members) void watchReadiness(member, probes.signal);
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => members.map((member) => member.count),
    close: () =>
      new Promise((resolve) => {
        probes.abort();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

const watchReadiness = async (member: Member, over: AbortSignal): Promise<void> => {
  const { readyz } = member.backend;
  if (readyz === undefined) return;
  while (!over.aborted) {
    const signal = AbortSignal.any([over, AbortSignal.timeout(connectBound)]);
    const answer = await fetch(readyz, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    member.ready = answer?.ok === true;
    await sleep(probeEvery);
  }
};

const pass = async (
  client: Socket,
  order: readonly Member[],
  track: (socket: Socket) => Socket,
): Promise<void> => {
  for (const member of order) {
    const upstream = await dial(member.backend);
    if (upstream === undefined) {
      member.deadUntil = Date.now() + rest;
      continue;
    }
    member.deadUntil = 0;
    member.count += 1;
    join(client, track(upstream));
    return;
  }
  client.resetAndDestroy();
};

const dial = ({ host, port }: Backend): Promise<Socket | undefined> => {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const give = (found: Socket | undefined): void => {
      clearTimeout(late);
      if (found === undefined) socket.destroy();
      resolve(found);
    };
    const late = setTimeout(() => give(undefined), connectBound);
    socket.once('connect', () => give(socket));
    socket.once('error', () => give(undefined));
  });
};

/** The end of one side is the end of the other; a reset stays a reset, so that nobody waits for a dead replica. */
const join = (client: Socket, upstream: Socket): void => {
  const cut = (other: Socket) => () => other.resetAndDestroy();
  upstream.on('error', cut(client));
  client.on('error', cut(upstream));
  // Soon: what the other side sent before it closed is still delivered.
  upstream.once('close', () => client.destroySoon());
  client.once('close', () => upstream.destroySoon());
  client.pipe(upstream);
  upstream.pipe(client);
  client.resume();
};
