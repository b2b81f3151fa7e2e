import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { Agent } from 'node:https';
import { connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../../../../test/e2e/harness/certificates.ts';
import {
  decisionOf,
  fixture,
  http1,
  http2,
  http2Session,
  overSession,
  startGate,
  type Reply,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import { commonNameOf, readClientCa, type ClientRequirement } from './caller.ts';
import type { WebhookHandlers } from '../handlers.ts';
import { startWebhookServer, type ServingCertificate, type WebhookServerOptions } from './server.ts';
import { unchangedObject } from '../../../gate/mutation/mutation.ts';

const review = fixture('kubectl-run.json');
const name = 'kube-apiserver';

interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
let servers: Authority;
let former: Authority;
let next: Authority;
let certificate: ServingCertificate;
let formerTls: ClientTls;
let nextTls: ClientTls;
const serving = async (): Promise<ServingCertificate> => {
  const issued = await servers.issueServer('gate', ['127.0.0.1']);
  return { cert: issued.certificate, key: issued.key };
};
const tlsOf = async (authority: Authority, user = name): Promise<ClientTls> => {
  const issued = await authority.issueClient(user);
  return { ca: servers.certificate, cert: issued.certificate, key: issued.key };
};
const gates: TestGate[] = [];
const start = async (
  options: Partial<WebhookServerOptions> = {},
  handlers: Partial<WebhookHandlers> = {},
): Promise<TestGate> => {
  const client = { ca: former.certificate, name };
  const gate = await startGate({ certificate, client, ...options }, handlers);
  gates.push(gate);
  return gate;
};
const limits = { maxFormerCallerTime: 500 };

beforeAll(async () => {
  servers = await createAuthority('servers');
  former = await createAuthority('former');
  next = await createAuthority('next');
  [certificate, formerTls, nextTls] = await Promise.all([serving(), tlsOf(former), tlsOf(next)]);
});
afterEach(async () => {
  await Promise.all(gates.splice(0).map((gate) => gate.server.drain(50)));
});

/** Texts that OpenSSL would take without a word, and what is said of them. */
const unusable: readonly (readonly [string, () => string, string])[] = [
  ['nothing at all, which Node takes for every public CA', () => '', 'holds no certificate in PEM form'],
  ['rubbish', () => 'rubbish', 'holds no certificate in PEM form'],
  ['a private key', () => next.key, 'holds no certificate in PEM form'],
  [
    'a certificate of rubbish',
    () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'holds a certificate that cannot be read',
  ],
  [
    'a bundle that is cut off in its second certificate',
    () => `${former.certificate}\n${next.certificate.slice(0, 200)}`,
    'holds a certificate that cannot be read',
  ],
  [
    'a bundle whose first certificate has lost its end',
    () => `${former.certificate.slice(0, 200)}\n${next.certificate}`,
    'holds a certificate that cannot be read',
  ],
];

describe('a client CA is read to its last certificate', () => {
  test.each(unusable)('%s is refused', (_title, pem, error) => {
    expect(readClientCa(pem())).toEqual({ ok: false, error });
  });

  test('a bundle with remarks and a key around its certificates gives the certificates alone', () => {
    const read = readClientCa(`# ours\n${former.certificate}\n# theirs\r\n${next.certificate}\n${next.key}`);
    if (!read.ok) throw new Error(read.error);
    expect(read.value).toHaveLength(2);
    expect(read.value.join('')).not.toMatch(/KEY|#/);
  });

  test.each(unusable)('no server starts with %s (B38)', async (_title, pem, error) => {
    const started = await startWebhookServer({
      listen: { host: '127.0.0.1', port: 0 },
      certificate,
      client: { ca: pem(), name },
      handlers: {
        validate: () => decisionOf(),
        constraints: () => decisionOf(),
        mutate: () => unchangedObject,
        imageReview: () => decisionOf(),
        rejected: () => decisionOf(),
        answered: () => {},
      },
      clock: { now: () => 0, monotonic: () => 0 },
      onProblem: () => {},
    });
    expect(started).toEqual({ ok: false, error: `the client CA cannot be used: it ${error}` });
  });
});

describe('B51: --client-name is the last common name alone, as Go reads it for the API server', () => {
  test.each([
    ['one', 'CN=kube-apiserver', 'kube-apiserver'],
    ['one after a group', 'O=system:masters\nCN=kube-apiserver', 'kube-apiserver'],
    ['one before a group', 'CN=kube-apiserver\nO=ops', 'kube-apiserver'],
    ['two: the last', 'CN=kube-apiserver\nCN=mallory', 'mallory'],
    ['two: the last, again', 'CN=mallory\nCN=kube-apiserver', 'kube-apiserver'],
    ['two in one RDN: the last', 'CN=kube-apiserver + CN=mallory', 'mallory'],
    ['one in an RDN with others', 'O=ops + CN=kube-apiserver', 'kube-apiserver'],
    ['a name that looks like an attribute', 'O=x\\, CN=kube-apiserver', undefined],
    ['a plus sign inside of a value', 'O=x \\+ CN=kube-apiserver', undefined],
    ['none', 'O=kube-apiserver', undefined],
    ['no subject', undefined, undefined],
  ])('%s', (_title, subject, want) => expect(commonNameOf(subject)).toBe(want));

  test.each([
    ['kube-apiserver, CN=mallory', 403],
    ['mallory, CN=kube-apiserver', 200],
    ['mallory, O=kube-apiserver', 403],
    ['mallory+CN=kube-apiserver', 200],
    ['kube-apiserver+CN=mallory', 403],
    ['mallory\\, CN\\=kube-apiserver', 403],
    ['kube-apiserver', 200],
  ])('a certificate of CN=%s is answered with %i', async (user, status) => {
    const gate = await start();
    const tls = await tlsOf(former, user);
    expect((await http1(gate, tls)({ body: review })).status).toBe(status);
    expect((await http2(gate, tls)({ body: review })).status).toBe(status);
  });
});

describe('swapping whom the gate answers (B38)', () => {
  const statuses = async (gate: TestGate): Promise<readonly number[]> => {
    const answers = [];
    for (const send of [
      http1(gate, formerTls),
      http2(gate, formerTls),
      http1(gate, nextTls),
      http2(gate, nextTls),
    ])
      answers.push((await send({ body: review })).status);
    return answers;
  };

  interface Swap {
    readonly title: string;
    readonly to: () => ClientRequirement;
    readonly want: readonly number[];
  }
  const swaps: readonly Swap[] = [
    {
      title: 'to the same CA: nothing changes',
      to: () => ({ ca: former.certificate, name }),
      want: [200, 200, 403, 403],
    },
    {
      title: 'to another CA: the former one counts no more',
      to: () => ({ ca: next.certificate, name }),
      want: [403, 403, 200, 200],
    },
    {
      title: 'to both CAs: a rotation answers both',
      to: () => ({ ca: `${former.certificate}\n${next.certificate}`, name }),
      want: [200, 200, 200, 200],
    },
    {
      title: 'to another name: the CA alone is not enough',
      to: () => ({ ca: former.certificate, name: 'other' }),
      want: [403, 403, 403, 403],
    },
  ];
  test.each(swaps)('$title', async ({ to, want }) => {
    const gate = await start();
    expect(await statuses(gate)).toEqual([200, 200, 403, 403]);
    expect(gate.server.swapClient(to())).toEqual({ ok: true, value: undefined });
    expect(await statuses(gate)).toEqual(want);
    expect(gate.server.swapCertificate(await serving())).toMatchObject({ ok: true });
    expect(await statuses(gate)).toEqual(want);
  });

  test.each(unusable)('with %s changes nothing: the old CA stays', async (_title, pem, error) => {
    const gate = await start();
    const session = http2Session(gate, formerTls);
    await overSession(session)({ body: review });
    expect(gate.server.swapClient({ ca: pem(), name })).toEqual({
      ok: false,
      error: `the client CA cannot be used: it ${error}`,
    });
    expect(await statuses(gate)).toEqual([200, 200, 403, 403]);
    const bare = { ca: servers.certificate };
    expect((await http1(gate, bare)({ body: review })).status).toBe(403);
    expect((await overSession(session)({ body: review })).status).toBe(200);
    session.close();
  });

  test('cannot turn a gate that answers anybody into one that asks, which only looks closed', async () => {
    const gate = await startGate({ certificate });
    gates.push(gate);
    expect(gate.server.swapClient({ ca: next.certificate })).toMatchObject({ ok: false });
    expect((await http1(gate, { ca: servers.certificate })({ body: review })).status).toBe(200);
  });
});

describe('connections from before a swap', () => {
  test('over HTTP/2 are asked to leave and lose no call: an API server comes again with its new certificate', async () => {
    const gate = await start({}, { validate: async () => (await sleep(20), decisionOf()) });
    const both = { ca: `${former.certificate}\n${next.certificate}`, name };
    let session: ClientHttp2Session = http2Session(gate, formerTls);
    let asked = 0;
    const renew = (to: ClientHttp2Session): ClientHttp2Session => {
      to.once('goaway', () => {
        asked++;
        session = renew(http2Session(gate, nextTls));
      });
      return to;
    };
    renew(session);
    const end = new AbortController();
    const answered: number[] = [];
    // RFC 9113, 8.7: a refused stream was not processed, its request may be sent again elsewhere.
    const again = (error: unknown): Promise<Reply> => {
      if (!String(error).includes('REFUSED_STREAM')) throw error;
      return sleep(5).then(call);
    };
    const call = (): Promise<Reply> => overSession(session)({ body: review }).catch(again);
    const load = async (): Promise<void> => {
      while (!end.signal.aborted) answered.push((await call()).status);
    };
    const loads = [load(), load(), load()];
    await sleep(100);
    expect(gate.server.swapClient(both)).toMatchObject({ ok: true });
    await sleep(400);
    expect(gate.server.swapClient({ ca: next.certificate, name })).toMatchObject({ ok: true });
    await sleep(400);
    end.abort();
    await Promise.all(loads);
    expect(asked).toBe(2);
    expect(new Set(answered)).toEqual(new Set([200]));
    session.close();
  });

  test('that were refused get another chance at once, for a wrong CA must not outlive its correction', async () => {
    const gate = await start();
    const refused = http2Session(gate, nextTls);
    expect((await overSession(refused)({ body: review })).status).toBe(403);
    const leave = once(refused, 'goaway');
    gate.server.swapClient({ ca: next.certificate, name });
    await leave;
    expect((await http2(gate, nextTls)({ body: review })).status).toBe(200);
    refused.close();
  });

  test.each(['HTTP/1.1', 'HTTP/2'])(
    'over %s do not outlive the former CA, whatever their client wants',
    async (protocol) => {
      const gate = await start({ limits });
      const [host, port] = [gate.server.address.host, gate.server.address.port];
      const ALPNProtocols = [protocol === 'HTTP/2' ? 'h2' : 'http/1.1'];
      const stubborn = connect({ host, port, ...formerTls, ALPNProtocols });
      await once(stubborn, 'secureConnect');
      const closed = once(stubborn, 'close');
      stubborn.on('error', () => {}).resume();
      gate.server.swapClient({ ca: next.certificate, name });
      const began = performance.now();
      await closed;
      expect(performance.now() - began).toBeLessThan(8_000);
      await expect.poll(() => gate.server.connections()).toBe(0);
    },
  );

  test('include a handshake that began before the swap and ends after it', async () => {
    const gate = await start({ limits });
    const { host, port } = gate.server.address;
    const raw = dial({ host, port });
    await once(raw, 'connect');
    await sleep(50);
    gate.server.swapClient({ ca: next.certificate, name });
    const late = connect({ socket: raw, host, ...formerTls, ALPNProtocols: ['http/1.1'] });
    late.on('error', () => {}).resume();
    const began = performance.now();
    await once(late, 'close');
    expect(performance.now() - began).toBeLessThan(8_000);
    await expect.poll(() => gate.server.connections()).toBe(0);
  });

  test('leave no session behind that would stand for a certificate', async () => {
    const gate = await start();
    const { host, port } = gate.server.address;
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = connect({ host, port, ...formerTls, maxVersion, ALPNProtocols: ['http/1.1'] });
      let session: Buffer | undefined;
      first.on('session', (ticket) => (session = ticket));
      await once(first, 'secureConnect');
      await sleep(50);
      gate.server.swapClient({ ca: next.certificate, name });
      const resumed = session === undefined ? {} : { session };
      const agent = new Agent({ ...formerTls, maxVersion, ...resumed, keepAlive: false });
      expect((await http1(gate, formerTls, agent)({ body: review })).status).toBe(403);
      first.destroy();
      gate.server.swapClient({ ca: former.certificate, name });
    }
  });
});
