import { once } from 'node:events';
import { Agent } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority, type Authority } from '../../../../test/e2e/harness/certificates.ts';
import { startWebhookServer, type ServingCertificate } from './server.ts';
import {
  decisionOf,
  fixture,
  http1,
  http2,
  http2Session,
  overSession,
  reviewAnswer,
  startGate,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import { unchangedObject } from '../../../gate/mutation/mutation.ts';
import { soon } from '../../../../test/soon.ts';

const review = fixture('kubectl-run.json');

let authority: Authority;
let clients: Authority;
let foreign: Authority;
let ca: string;
let certificate: ServingCertificate;
const serving = async (from: Authority): Promise<ServingCertificate> => {
  const issued = await from.issueServer('gate', ['127.0.0.1']);
  return { cert: issued.certificate, key: issued.key };
};
const gates: TestGate[] = [];
const start = async (...args: Parameters<typeof startGate>): Promise<TestGate> => {
  const gate = await startGate(...args);
  gates.push(gate);
  return gate;
};

beforeAll(async () => {
  authority = await createAuthority('servers');
  clients = await createAuthority('clients');
  foreign = await createAuthority('somebody else');
  ca = authority.certificate;
  certificate = await serving(authority);
});
afterEach(async () => {
  await Promise.all(gates.splice(0).map((gate) => gate.server.drain(50)));
});

describe('B38: with a client CA only the API server is answered', () => {
  interface Case {
    readonly title: string;
    readonly client: () => Promise<{ certificate: string; key: string } | undefined>;
    readonly status: number;
  }
  const cases: readonly Case[] = [
    { title: 'no certificate', client: () => Promise.resolve(undefined), status: 403 },
    {
      title: 'a certificate of another CA',
      client: () => foreign.issueClient('kube-apiserver'),
      status: 403,
    },
    {
      title: 'a certificate of the serving CA',
      client: () => authority.issueClient('kube-apiserver'),
      status: 403,
    },
    { title: 'the right CA, another name', client: () => clients.issueClient('kubelet'), status: 403 },
    {
      title: 'the right CA, a longer name',
      client: () => clients.issueClient('kube-apiserver.evil'),
      status: 403,
    },
    {
      title: 'the right CA, the name as group',
      client: () => clients.issueClient('x', 'kube-apiserver'),
      status: 403,
    },
    {
      title: 'the right CA, the name as host of a serving certificate',
      client: () => clients.issueServer('x', ['kube-apiserver']),
      status: 403,
    },
    { title: 'the right CA and name', client: () => clients.issueClient('kube-apiserver'), status: 200 },
  ];
  test.each(cases)('$title: $status', async ({ client, status }) => {
    const gate = await start({ certificate, client: { ca: clients.certificate, name: 'kube-apiserver' } });
    const keyed = await client();
    const tls = { ca, ...(keyed === undefined ? {} : { cert: keyed.certificate, key: keyed.key }) };
    for (const send of [http1(gate, tls), http2(gate, tls)]) {
      const reply = await send({ body: review });
      expect(reply.status).toBe(status);
      if (status === 403) {
        expect(JSON.parse(reply.text)).toMatchObject({ error: 'caller-refused' });
        expect(reply.text).not.toContain('allowed');
      }
    }
    await vi.waitFor(() => expect(gate.answered).toHaveLength(status === 200 ? 2 : 0), soon);
    expect(gate.problems.filter(({ kind }) => kind === 'caller-refused')).toHaveLength(
      status === 200 ? 0 : 2,
    );
  });

  test('records say who called: verified, or unverified without a client CA', async () => {
    const callers: string[] = [];
    const validate = (request: { caller: string }) => (callers.push(request.caller), decisionOf());
    const keyed = await clients.issueClient('anything');
    const checked = await start({ certificate, client: { ca: clients.certificate } }, { validate });
    await http1(checked, { ca, cert: keyed.certificate, key: keyed.key })({ body: review });
    await http1(await start({ certificate }, { validate }), { ca })({ body: review });
    expect(callers).toEqual(['verified', 'unverified']);
  });

  test('a resumed session without a certificate stays refused', async () => {
    const gate = await start({ certificate, client: { ca: clients.certificate } });
    const { host, port } = gate.server.address;
    const handshake = async (
      more: ConnectionOptions,
    ): Promise<{ reply: string; session: Buffer | undefined }> => {
      const socket = connect({ host, port, ca, ALPNProtocols: ['http/1.1'], ...more });
      let session: Buffer | undefined;
      socket.on('session', (ticket) => (session = ticket));
      let reply = '';
      socket.on('data', (piece) => (reply += piece.toString()));
      await once(socket, 'secureConnect');
      socket.write(
        `POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${String(review.length)}\r\n\r\n${review}`,
      );
      await once(socket, 'close');
      return { reply, session };
    };
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await handshake({ maxVersion });
      expect(first.reply).toMatch(/^HTTP\/1\.1 403 /);
      const second = await handshake({
        maxVersion,
        ...(first.session === undefined ? {} : { session: first.session }),
      });
      expect(second.reply).toMatch(/^HTTP\/1\.1 403 /);
    }
  });
});

test('TLS below 1.2 is not spoken', async () => {
  const gate = await start({ certificate });
  const socket = connect({
    ...gate.server.address,
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL@SECLEVEL=0',
  });
  await expect(once(socket, 'secureConnect')).rejects.toThrow(/version|protocol/i);
});

describe('swapping the certificate', () => {
  test('under load: new connections see the new one, no request fails, old connections stay', async () => {
    const gate = await start({ certificate }, { validate: async () => (await sleep(1), decisionOf()) });
    const other = await createAuthority('next');
    const both = [ca, other.certificate];
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const kept = http1(gate, { ca: both }, agent);
    const session = http2Session(gate, { ca: both });
    const fresh = http1(gate, { ca: both });
    const end = new AbortController();
    let count = 0;
    const load = async (send: typeof kept): Promise<void> => {
      while (!end.signal.aborted) {
        const reply = await send({ body: review });
        expect(reviewAnswer(reply.text).response.allowed).toBe(true);
        count++;
      }
    };
    const loads = [load(kept), load(kept), load(overSession(session)), load(fresh)];
    const reviewedMore = async (): Promise<void> => {
      const before = count;
      await vi.waitFor(() => expect(count - before).toBeGreaterThan(8), soon);
    };
    for (const next of [await serving(other), await serving(authority), await serving(other)]) {
      await reviewedMore();
      expect(gate.server.swapCertificate(next)).toEqual({ ok: true, value: undefined });
    }
    await reviewedMore();
    end.abort();
    await Promise.all(loads);
    await expect(http1(gate, { ca })({ body: review })).rejects.toThrow(/certificate/);
    await expect(http1(gate, { ca: other.certificate })({ body: review })).resolves.toMatchObject({
      status: 200,
    });
    session.close();
    agent.destroy();
  });

  test('a pair that does not fit is refused, and the old one stays', async () => {
    const gate = await start({ certificate });
    const { key } = await serving(foreign);
    for (const bad of [
      { cert: certificate.cert, key },
      { cert: 'rubbish', key: certificate.key },
    ]) {
      expect(gate.server.swapCertificate(bad)).toMatchObject({ ok: false });
    }
    expect((await http1(gate, { ca })({ body: review })).status).toBe(200);
  });

  test('keeps asking for client certificates', async () => {
    const gate = await start({ certificate, client: { ca: clients.certificate } });
    gate.server.swapCertificate(await serving(authority));
    const keyed = await clients.issueClient('anybody');
    expect((await http1(gate, { ca })({ body: review })).status).toBe(403);
    const known = { ca, cert: keyed.certificate, key: keyed.key };
    expect((await http1(gate, known)({ body: review })).status).toBe(200);
  });
});

describe('draining', () => {
  test('under load loses no request that was sent on an open connection', async () => {
    // Longer than a busy machine keeps a client from its turn; how long it is changes nothing else.
    const limits = { maxLinger: 2_000 };
    const validate = async () => (await sleep(5), decisionOf());
    const gate = await start({ certificate, limits }, { validate });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const session = http2Session(gate, { ca });
    const kept = http1(gate, { ca }, agent);
    const multiplexed = overSession(session);
    let answered = 0;
    // RFC 9113, 8.7: a refused stream was not processed, its request may be sent again elsewhere.
    const isRefusedStream = (error: unknown): boolean => String(error).includes('REFUSED_STREAM');
    const load = async (send: typeof kept, mayStart: () => boolean): Promise<void> => {
      while (mayStart()) {
        const reply = await send({ body: review }).catch((error: unknown) => {
          if (!isRefusedStream(error)) throw error;
        });
        if (reply === undefined) return;
        expect(reviewAnswer(reply.text).response.allowed).toBe(true);
        answered++;
      }
    };
    let open = true;
    const loads = [
      ...Array.from({ length: 8 }, () => load(kept, () => open)),
      ...Array.from({ length: 8 }, () =>
        load(multiplexed, () => open && !session.closed && !session.destroyed),
      ),
    ];
    const all = Promise.all(loads);
    const reach = async (count: number): Promise<void> => {
      const isReached = (): boolean => answered >= count;
      while (!isReached()) await Promise.race([all, sleep(5)]);
    };
    await reach(50);
    const drained = gate.server.drain(20_000);
    // Still served while clients are asked to leave; before the listener closes they are done.
    await reach(answered + 20);
    open = false;
    await all;
    await drained;
    expect(answered).toBeGreaterThan(50);
    await vi.waitFor(() => expect(gate.answered).toHaveLength(answered), soon);
    await expect.poll(() => gate.server.connections()).toBe(0);
    await expect(http1(gate, { ca })({ body: review })).rejects.toThrow(/ECONNREFUSED/);
    agent.destroy();
  }, 40_000);

  test('waits for an answer under way and asks its client to close', async () => {
    const gate = await start({ certificate }, { validate: async () => (await sleep(600), decisionOf()) });
    const agent = new Agent({ keepAlive: true });
    const slow = [http1(gate, { ca }, agent)({ body: review }), http2(gate, { ca })({ body: review })];
    await sleep(100);
    const drained = gate.server.drain(5_000);
    const [first, second] = await Promise.all(slow);
    expect(first).toMatchObject({ status: 200, headers: { connection: 'close' } });
    expect(second).toMatchObject({ status: 200 });
    await drained;
    agent.destroy();
  });

  test('cuts off what does not end before the deadline, and may be asked for twice', async () => {
    const gate = await start({ certificate }, { validate: () => new Promise(() => {}) });
    const stuck = http1(gate, { ca })({ body: review });
    const failed = stuck.catch((error: unknown) => error);
    await sleep(100);
    const began = performance.now();
    await Promise.all([gate.server.drain(300), gate.server.drain(300)]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await failed).toBeInstanceOf(Error);
  });

  test('is immediate without connections', async () => {
    const gate = await start({ certificate, limits: { maxLinger: 10_000 } });
    const began = performance.now();
    await gate.server.drain(40_000);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('a server that cannot start says what to do', () => {
  const handlers = {
    validate: () => decisionOf(),
    constraints: () => decisionOf(),
    mutate: () => unchangedObject,
    imageReview: () => decisionOf(),
    rejected: () => decisionOf(),
    answered: () => {},
  };
  const clock = { now: () => 0, monotonic: () => 0 };
  const options = { handlers, clock, onProblem: () => {} };

  test('because the port is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const listen = { host: '127.0.0.1', port: (blocker.address() as AddressInfo).port };
    const started = await startWebhookServer({ ...options, listen, certificate });
    expect(started).toMatchObject({
      ok: false,
      error: expect.stringMatching(
        /cannot listen on 127.0.0.1:\d+: something listens there already/,
      ) as string,
    });
    blocker.close();
  });

  test('because the address is not of this machine', async () => {
    const started = await startWebhookServer({
      ...options,
      listen: { host: '192.0.2.1', port: 0 },
      certificate,
    });
    expect(started).toMatchObject({
      ok: false,
      error: expect.stringContaining('is no address of this machine') as string,
    });
  });

  test('because the certificate is rubbish', async () => {
    const listen = { host: '127.0.0.1', port: 0 };
    const started = await startWebhookServer({ ...options, listen, certificate: { cert: 'x', key: 'y' } });
    expect(started).toMatchObject({ ok: false, error: expect.stringContaining('cannot be used') as string });
  });
});
