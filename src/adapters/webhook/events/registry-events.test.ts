import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import {
  http1,
  http2,
  http2Session,
  overSession,
  startGate,
  type Reply,
  type Send,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import { formatReference } from '../../../core/image/reference.ts';
import type { RegistryEvents, RegistryEventSource } from '../../../gate/prefetch/registry-events.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const token = 'a-token-of-the-registry';
const source = (more: Partial<RegistryEventSource> = {}): RegistryEventSource => ({
  name: 'main',
  format: 'distribution',
  hosts: ['registry.example.com'],
  token: () => token,
  ...more,
});
const pushOf = (host: string) => ({
  action: 'push',
  target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'shop/web' },
  request: { host },
});
const body = (...hosts: readonly string[]): string => JSON.stringify({ events: hosts.map(pushOf) });
const good = body('registry.example.com');

let ca: string;
let clientCa: string;
let certificate: { cert: string; key: string };
beforeAll(async () => {
  const authority = await createAuthority('test');
  ca = authority.certificate;
  clientCa = (await createAuthority('clients')).certificate;
  const issued = await authority.issueServer('gate', ['127.0.0.1']);
  certificate = { cert: issued.certificate, key: issued.key };
});

let gate: TestGate | undefined;
afterEach(() => gate?.server.drain(100));

const start = async (sources: readonly RegistryEventSource[], more: Partial<RegistryEvents> = {}) => {
  const pushed: string[] = [];
  const attached: string[] = [];
  const registryEvents: RegistryEvents = {
    sources: () => sources,
    pushed: (image) => pushed.push(formatReference(image)) > 0,
    attached: (image) => void attached.push(formatReference(image)),
    ...more,
  };
  // With a client CA, as in a cluster: registries cannot show a certificate.
  gate = await startGate({ certificate, client: { ca: clientCa } }, { registryEvents });
  return { gate, pushed, attached };
};
const post = (send: Send, text: string | Uint8Array, authorization?: string): Promise<Reply> =>
  send({
    path: '/registry-events',
    body: text,
    headers: authorization === undefined ? {} : { authorization },
  });
const bearer = `Bearer ${token}`;

describe.each<[string, (gate: TestGate) => Send]>([
  ['HTTP/1.1', (to) => http1(to, { ca })],
  ['HTTP/2', (to) => http2(to, { ca })],
])('POST /registry-events over %s', (_protocol, over) => {
  test('takes a push without a client certificate, which every other door asks for', async () => {
    const { gate: to, pushed } = await start([source()]);
    const reply = await post(over(to), good, bearer);
    expect(reply.status).toBe(202);
    expect(JSON.parse(reply.text)).toEqual({ accepted: 1, ignored: 0, dropped: 0 });
    expect(pushed).toEqual([`registry.example.com/shop/web@${digest}`]);
    for (const path of ['/validate', '/mutate', '/image-review']) {
      const other = await over(to)({ path, body: good, headers: { authorization: bearer } });
      expect(other.status).toBe(403);
    }
  });

  test.each<[string, string | undefined]>([
    ['no token', undefined],
    ['another token', 'Bearer another'],
    ['the beginning of the token', `Bearer ${token.slice(0, -1)}`],
    ['the token with something behind it', `${bearer}x`],
    ['the token without its scheme', token],
    ['another scheme', `Basic ${token}`],
    ['two tokens', `${bearer} ${token}`],
    ['an empty token', 'Bearer '],
    ['a token of 100 KB', `Bearer ${'x'.repeat(5_000)}`],
  ])('401 for %s, before the body is read', async (_title, authorization) => {
    const { gate: to, pushed } = await start([source()]);
    const reply = await post(over(to), good, authorization);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
    expect(reply.text).not.toContain(token);
    expect(pushed).toEqual([]);
    expect(to.problems.map(({ kind }) => kind)).toEqual(['event-refused']);
  });
});

describe('POST /registry-events', () => {
  const send = (to: TestGate): Send => http1(to, { ca });

  test.each<[string, () => string | undefined]>([
    ['an empty token', () => ''],
    ['no token', () => undefined],
  ])('a source with %s lets nobody in', async (_title, empty) => {
    const { gate: to } = await start([source({ token: empty })]);
    for (const authorization of [undefined, 'Bearer ', 'Bearer undefined', bearer]) {
      expect((await post(send(to), good, authorization)).status).toBe(401);
    }
  });

  test('a token that changed is asked for with the next request', async () => {
    let current = token;
    const { gate: to } = await start([source({ token: () => current })]);
    expect((await post(send(to), good, bearer)).status).toBe(202);
    current = 'new';
    expect((await post(send(to), good, bearer)).status).toBe(401);
    expect((await post(send(to), good, 'bearer new')).status).toBe(202);
  });

  test('each source speaks for its own hosts alone (B26)', async () => {
    const other = source({ name: 'other', hosts: ['other.example.com'], token: () => 'other' });
    const { gate: to, pushed } = await start([source(), other]);
    const both = body('registry.example.com', 'other.example.com');
    const reply = await post(send(to), both, 'Bearer other');
    expect(JSON.parse(reply.text)).toEqual({ accepted: 1, ignored: 1, dropped: 0 });
    expect(pushed).toEqual([`other.example.com/shop/web@${digest}`]);
    expect(to.problems).toMatchObject([{ kind: 'event-refused' }]);
  });

  test.each<[string, string | Uint8Array, number]>([
    ['no JSON', 'events', 400],
    ['bytes that are no text', Buffer.from([0xff, 0xfe]), 400],
    ['another shape', '{"events":7}', 400],
    ['too deep', `{"events":${'['.repeat(300)}${']'.repeat(300)}}`, 400],
    ['65 events', body(...Array<string>(65).fill('registry.example.com')), 413],
    ['more than 1 MiB', Buffer.alloc(1024 * 1024 + 1, ' '), 413],
    ['nothing', '', 400],
  ])('%s is answered %s with %i', async (_title, text, status) => {
    const { gate: to, pushed } = await start([source()]);
    const reply = await post(send(to), text, bearer);
    expect(reply.status).toBe(status);
    expect(pushed).toEqual([]);
    expect(to.problems.every(({ kind }) => kind === 'event-refused')).toBe(true);
  });

  test('what the queue does not take is counted, and the registry need not send it again', async () => {
    const { gate: to } = await start([source()], { pushed: () => false });
    const reply = await post(send(to), good, bearer);
    expect(reply.status).toBe(202);
    expect(JSON.parse(reply.text)).toEqual({ accepted: 0, ignored: 0, dropped: 1 });
    expect(to.problems.map(({ kind }) => kind)).toEqual(['event-dropped']);
  });

  test('is not found by a gate without sources, and takes nothing but a POST', async () => {
    gate = await startGate({ certificate });
    expect((await post(send(gate), good, bearer)).status).toBe(404);
    await gate.server.drain(100);
    const { gate: without } = await start([]);
    expect((await post(send(without), good, bearer)).status).toBe(404);
    await without.server.drain(100);
    const { gate: to } = await start([source()]);
    expect((await send(to)({ path: '/registry-events', method: 'GET' })).status).toBe(405);
  });
});

test('B9: of a flood of events one request a round is read, so that reviews come in between', async () => {
  let round = 0;
  let over = false;
  const count = (): void => {
    round++;
    if (!over) setImmediate(count);
  };
  const rounds: number[] = [];
  const { gate: to } = await start([source()], { pushed: () => rounds.push(round) > 0 });
  const session = http2Session(to, { ca });
  const send = overSession(session);
  setImmediate(count);
  const replies = await Promise.all(Array.from({ length: 50 }, () => post(send, good, bearer)));
  over = true;
  session.close();
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(rounds).size).toBe(50);
});

test('the push of a signature is told, and not looked up as an image', async () => {
  const { gate: to, pushed, attached } = await start([source()]);
  const signature = pushOf('registry.example.com');
  Object.assign(signature.target, { tag: `sha256-${'a'.repeat(64)}.sig` });
  const answer = await post(http1(to, { ca }), JSON.stringify({ events: [signature] }), bearer);
  expect([answer.status, JSON.parse(answer.text)]).toEqual([202, { accepted: 1, ignored: 0, dropped: 0 }]);
  expect([pushed.length, attached.length]).toEqual([0, 1]);
});
