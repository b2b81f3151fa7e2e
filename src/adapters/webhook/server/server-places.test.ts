import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority, type Authority } from '../../../../test/e2e/harness/certificates.ts';
import {
  decisionOf,
  fixture,
  http1,
  http2,
  http2Session,
  startGate,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import type { ServingCertificate } from './server.ts';
import { soon } from '../../../../test/soon.ts';

const review = fixture('kubectl-run.json');
const pods = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
const post = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(Buffer.byteLength(review))}\r\n\r\n${review}`;
const podOf = (at: number): string => pods[at % pods.length] ?? '';

let ca: string;
let clients: Authority;
let certificate: ServingCertificate;
let apiServer: { ca: string; cert: string; key: string };
const held: (Socket | ClientHttp2Session)[] = [];
const gates: TestGate[] = [];
const start = async (
  options: Partial<Parameters<typeof startGate>[0]> = {},
  handlers: Parameters<typeof startGate>[1] = {},
): Promise<TestGate> => {
  const gate = await startGate({ certificate, ...options }, handlers);
  gates.push(gate);
  return gate;
};

beforeAll(async () => {
  const servers = await createAuthority('servers');
  clients = await createAuthority('clients');
  const issued = await servers.issueServer('gate', ['127.0.0.1']);
  ca = servers.certificate;
  certificate = { cert: issued.certificate, key: issued.key };
  const client = await clients.issueClient('kube-apiserver');
  apiServer = { ca, cert: client.certificate, key: client.key };
});
afterEach(async () => {
  for (const connection of held.splice(0)) connection.destroy();
  await Promise.all(gates.splice(0).map((gate) => gate.server.drain(50)));
});

const hold = async (
  gate: TestGate,
  localAddress: string,
  how: 'tcp' | 'http/1.1' | 'h2',
): Promise<Socket> => {
  const to = { ...gate.server.address, localAddress };
  const tls = (ALPNProtocols: string[]): ConnectionOptions => ({ ...to, ca, ALPNProtocols });
  const socket = how === 'tcp' ? connectTcp(to) : connect(tls([how]));
  socket.on('error', () => {}).resume();
  await once(socket, how === 'tcp' ? 'connect' : 'secureConnect');
  held.push(socket);
  return socket;
};
const limitsReported = (gate: TestGate): number =>
  gate.problems.filter(({ kind }) => kind === 'connection-limit').length;

describe('R27, B50: connections count before TLS, and the oldest unfinished gives way', () => {
  const limits = { maxUnfinished: 24, maxUnfinishedPerPeer: 8, maxConnections: 24 };

  test.each(['tcp', 'http/1.1', 'h2'] as const)(
    'beside many idle connections of four Pods (%s) every review is answered, by HTTP/1.1 and HTTP/2',
    async (how) => {
      const gate = await start({ limits });
      for (let at = 0; at < 80; at++) {
        await hold(gate, podOf(at), how);
        if (at % 10 !== 0) continue;
        expect((await http1(gate, { ca })({ body: review })).status).toBe(200);
        expect((await http2(gate, { ca })({ body: review })).status).toBe(200);
      }
      expect(limitsReported(gate)).toBeGreaterThan(0);
      expect(gate.server.connections()).toBeLessThan(40);
    },
  );

  test('a peer that floods loses its oldest, not its newest: behind one address may stand the API server', async () => {
    const gate = await start({ limits: { ...limits, headersTimeout: 30_000 } });
    const first = await hold(gate, '127.0.0.1', 'tcp');
    const gone = once(first, 'close');
    for (let at = 0; at < 20; at++) await hold(gate, '127.0.0.1', 'tcp');
    await gone;
    expect((await http1(gate, { ca })({ body: review })).status).toBe(200);
  });

  test('an API server that dials 600 times at once, as after a pause, has every review answered', async () => {
    // How soon a request has to come is another test.
    const gate = await start({ limits: { headersTimeout: 30_000 } });
    const dialled = await Promise.all(Array.from({ length: 600 }, () => hold(gate, '127.0.0.1', 'http/1.1')));
    const answers = dialled.map(async (socket) => {
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      return bytes.toString('latin1').slice(0, 12);
    });
    for (const socket of dialled) socket.write(post);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']));
    expect(limitsReported(gate)).toBe(0);
  }, 60_000);

  test('connections that asked once and idle give way to others by peer, those that ask stay', async () => {
    const gate = await start({ limits });
    const kept = http2Session(gate, { ca });
    held.push(kept);
    const ask = async (): Promise<number> => {
      const stream = kept.request({ ':method': 'POST', ':path': '/validate' }, { endStream: false });
      stream.end(review).resume();
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      return Number(headers[':status']);
    };
    expect(await ask()).toBe(200);
    for (let at = 0; at < 60; at++) {
      const socket = await hold(gate, podOf(at), 'http/1.1');
      socket.write(post);
      if (!socket.destroyed) await once(socket, 'data');
    }
    expect(await ask()).toBe(200);
    expect(limitsReported(gate)).toBeGreaterThan(0);
  });

  test.each(['http/1.1', 'h2'] as const)(
    'a connection that sends no request ends after a second (%s)',
    async (how) => {
      const gate = await start();
      const idle = how === 'h2' ? http2Session(gate, { ca }) : await hold(gate, '127.0.0.1', how);
      held.push(idle);
      await once(idle, 'close');
      expect((await http1(gate, { ca })({ body: review })).status).toBe(200);
    },
  );

  test('a connection that asked stays: the API server keeps its own', async () => {
    const gate = await start({ limits: { headersTimeout: 200 } });
    const session = http2Session(gate, { ca });
    held.push(session);
    const ask = async (): Promise<void> => {
      const stream = session.request({ ':method': 'POST', ':path': '/validate' }, { endStream: false });
      stream.end(review).resume();
      await once(stream, 'close');
    };
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(session.closed).toBe(false);
    await ask();
    await vi.waitFor(() => expect(gate.answered).toHaveLength(2), soon);
  });
});

/** Streams that never send their body, from an address of its own. */
const openStreams = async (
  gate: TestGate,
  localAddress: string,
  count: number,
): Promise<ClientHttp2Stream[]> => {
  const options = { ca, localAddress };
  const session = http2Session(gate, options);
  held.push(session);
  await once(session, 'connect');
  return Array.from({ length: count }, () => {
    const stream = session.request({ ':method': 'POST', ':path': '/validate' }, { endStream: false });
    stream.on('error', () => {}).resume();
    return stream;
  });
};
const settled = (gate: TestGate): Promise<unknown> => http1(gate, { ca })({ path: '/nothing' });

describe('R27: requests that never end', () => {
  test('of four Pods keep out no other peer, and one is given back for each that comes', async () => {
    const gate = await start({ limits: { maxOpenRequests: 40 } });
    const streams = (await Promise.all(pods.map((pod) => openStreams(gate, pod, 20)))).flat();
    await settled(gate);
    for (let at = 0; at < 5; at++) expect((await http2(gate, { ca })({ body: review })).status).toBe(200);
    // RFC 9113, 8.7: REFUSED_STREAM says that nothing was done, so an honest client may send again.
    await expect.poll(() => streams.filter(({ rstCode }) => rstCode === 7).length).toBeGreaterThan(39);
  });

  test('of one peer keep it out itself once it holds every place', async () => {
    const gate = await start({ limits: { maxOpenRequests: 10 } });
    await openStreams(gate, '127.0.0.1', 10);
    await expect(http2(gate, { ca })({ body: review })).rejects.toThrow(/REFUSED_STREAM/);
  });

  test('end long before their deadline when no body comes, with a verdict that says so', async () => {
    const gate = await start();
    const [stream] = await openStreams(gate, '127.0.0.2', 1);
    if (stream === undefined) throw new Error('no stream');
    let text = '';
    let hasEnded = false;
    stream.on('data', (piece: Buffer) => (text += piece.toString()));
    // RFC 9113, 8.1: END_STREAM comes before RST_STREAM, or a client takes the answer for a broken one.
    stream.on('end', () => (hasEnded = !stream.closed));
    const began = performance.now();
    await once(stream, 'close');
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(text).toContain('less than 16 KiB a second');
    expect(hasEnded).toBe(true);
  });

  test('leave the window of their connection open: bodies do not wait for each other', async () => {
    const gate = await start();
    const [stream] = await openStreams(gate, '127.0.0.2', 1);
    await expect.poll(() => stream?.session?.state.remoteWindowSize).toBeGreaterThanOrEqual(128 * 65_535);
  });
});

describe('R27: clients that leave before the answer', () => {
  test.each(['http/1.1', 'h2'] as const)(
    'has a place as long as the review goes on, so that no more reviews go on than places are there (%s)',
    async (how) => {
      const ends: (() => void)[] = [];
      const gate = await start(
        { limits: { maxOpenRequests: 8 } },
        {
          validate: async () => {
            await new Promise<void>((resolve) => ends.push(resolve));
            return decisionOf();
          },
        },
      );
      const askAndDisconnect = async (): Promise<void> => {
        if (how === 'http/1.1') {
          const socket = await hold(gate, '127.0.0.2', how);
          const before = ends.length;
          socket.write(post);
          await expect.poll(() => ends.length > before || socket.destroyed).toBe(true);
          socket.destroy();
          return;
        }
        const options = { ca, localAddress: '127.0.0.2' };
        const session = http2Session(gate, options);
        held.push(session);
        const stream = session.request({ ':method': 'POST', ':path': '/validate' }, { endStream: false });
        const before = ends.length;
        stream.on('error', () => {}).resume();
        stream.end(review);
        await expect.poll(() => ends.length > before || stream.closed).toBe(true);
        session.destroy();
      };
      for (let at = 0; at < 20; at++) await askAndDisconnect();
      expect(ends.length).toBe(8);
      // Another peer finds a place all the same.
      const honest = http1(gate, { ca })({ body: review });
      await expect.poll(() => ends.length).toBe(9);
      for (const end of ends.splice(0)) end();
      expect((await honest).status).toBe(200);
      // All of it is given back.
      const later = Array.from({ length: 8 }, () => http1(gate, { ca })({ body: review }));
      await expect.poll(() => ends.length).toBe(8);
      for (const end of ends.splice(0)) end();
      for (const { status } of await Promise.all(later)) expect(status).toBe(200);
    },
  );
});

describe('R27: with a client CA', () => {
  const client = () => ({ ca: clients.certificate, name: 'kube-apiserver' });

  test.each(['tcp', 'http/1.1', 'h2'] as const)(
    'connections of strangers (%s) never stand before a verified caller',
    async (how) => {
      // `kept` asks only at the end, and the handshakes before that take seconds on a busy machine.
      const limits = {
        maxUnfinished: 16,
        maxUnfinishedPerPeer: 8,
        maxConnections: 8,
        headersTimeout: 30_000,
      };
      const gate = await start({ client: client(), limits });
      const kept = http2Session(gate, apiServer);
      held.push(kept);
      await once(kept, 'connect');
      for (let at = 0; at < 60; at++) await hold(gate, podOf(at), how);
      expect((await http1(gate, apiServer)({ body: review })).status).toBe(200);
      expect((await http2(gate, apiServer)({ body: review })).status).toBe(200);
      expect(kept.destroyed).toBe(false);
    },
  );

  test('strangers that were refused hold unfinished places only, and requests of theirs no place of a caller', async () => {
    const limits = { maxUnfinished: 16, maxUnfinishedPerPeer: 8, maxConnections: 2, maxOpenRequests: 2 };
    const gate = await start({ client: client(), limits }, { validate: () => decisionOf() });
    await Promise.all(pods.map((pod) => openStreams(gate, pod, 20)));
    await settled(gate);
    for (let at = 0; at < 5; at++) expect((await http1(gate, apiServer)({ body: review })).status).toBe(200);
    expect((await http1(gate, { ca })({ body: review })).status).toBe(403);
  });
});
