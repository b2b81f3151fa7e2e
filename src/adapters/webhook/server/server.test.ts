import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import {
  decisionOf,
  denyFinding,
  denial,
  fixture,
  http1,
  http2,
  reviewAnswer,
  startGate,
  type Reply,
  type Send,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import { soon } from '../../../../test/soon.ts';

const review = fixture('kubectl-run.json');
const uid = '9a4b7d52-91f3-4f0c-8d7e-2f8e6b1c4a03';
const mebibyte = 1024 * 1024;

let ca: string;
let certificate: { cert: string; key: string };
let gate: TestGate;
let failing: TestGate;
const boom = (): never => {
  throw new Error('boom');
};

beforeAll(async () => {
  const authority = await createAuthority('test');
  const issued = await authority.issueServer('gate', ['127.0.0.1', 'localhost']);
  ca = authority.certificate;
  certificate = { cert: issued.certificate, key: issued.key };
  gate = await startGate(
    { certificate },
    {
      validate: (request) => (request.name === 'nginx' ? denial() : decisionOf()),
      imageReview: (request) =>
        request.images.includes('untrusted-registry/nginx') ? denial() : decisionOf(),
    },
  );
  failing = await startGate(
    { certificate },
    { validate: boom, imageReview: () => Promise.reject(new Error('boom')) },
  );
});
afterAll(async () => {
  await Promise.all([gate.server.drain(500), failing.server.drain(500)]);
});

const expectDenied = (reply: Reply, code: string, expectedUid = uid): void => {
  expect(reply.status).toBe(200);
  const { response } = reviewAnswer(reply.text);
  expect(response).toMatchObject({
    uid: expectedUid,
    allowed: false,
    status: { code: 403, reason: 'Forbidden' },
  });
  expect(response.status?.message).toContain(code);
};

describe.each<[string, (gate: TestGate) => Send]>([
  ['HTTP/1.1', (to) => http1(to, { ca })],
  ['HTTP/2', (to) => http2(to, { ca })],
])('over %s', (_protocol, over) => {
  const send: Send = (sent) => over(gate)(sent);

  test('a denied review: 200 with the verdict, recorded after the answer', async () => {
    const reply = await send({ path: '/validate?timeout=10s', body: review });
    expectDenied(reply, 'registry-not-allowed');
    expect(reply.headers['content-type']).toBe('application/json');
    const { decision } = reviewAnswer(reply.text).response.auditAnnotations;
    await vi.waitFor(() => expect(gate.answered.map(({ id }) => id)).toContain(decision), soon);
  });

  test('an allowed review', async () => {
    const reply = await send({ body: fixture('pod-create.json') });
    expect(reply.status).toBe(200);
    expect(reviewAnswer(reply.text).response.allowed).toBe(true);
  });

  test('an image review, denied and allowed', async () => {
    const denied = await send({ path: '/image-review', body: fixture('image-review.json') });
    expect(JSON.parse(denied.text)).toMatchObject({ kind: 'ImageReview', status: { allowed: false } });
    const other = fixture('image-review.json').replace('untrusted-registry', 'registry.example.com');
    const allowed = await send({ path: '/image-review', body: other });
    expect(JSON.parse(allowed.text)).toMatchObject({ kind: 'ImageReview', status: { allowed: true } });
  });

  test.each<[string, string | Uint8Array, number]>([
    ['nothing', '', 400],
    ['malformed JSON', review.slice(0, -1), 400],
    ['two documents', `${review}{}`, 400],
    ['a text', '"AdmissionReview"', 400],
    ['YAML', 'kind: AdmissionReview', 400],
    ['a byte order mark', `\ufeff${review}`, 400],
    ['invalid UTF-8', Buffer.concat([Buffer.from(review.slice(0, -1)), Buffer.from([0xff, 0x7d])]), 400],
    ['a review without a uid', review.replace('"uid"', '"uld"'), 400],
    ['a review without a request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', 400],
    ['a body over 8 MiB', ' '.repeat(8 * mebibyte + 1), 413],
  ])('%s is an error that names its decision, never a verdict', async (_title, body, status) => {
    const reply = await send({ body });
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toMatchObject({
      error: expect.any(String) as string,
      decision: expect.any(String) as string,
    });
    expect(reply.text).not.toContain('allowed');
  });

  test.each<[string, string, string]>([
    ['a wrong kind', review.replace('"AdmissionReview"', '"ImageReview"'), 'malformed-request'],
    [
      'an old version',
      review.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'),
      'malformed-request',
    ],
    ['an object that is a list', review.replace('"object":{', '"object":[],"x":{'), 'malformed-request'],
    [
      'a nested bomb',
      review.replace('"status":{}', `"status":${'['.repeat(10_000)}${']'.repeat(10_000)}`),
      'too-large',
    ],
    [
      'a nested bomb in a large body',
      review.replace('"status":{}', `"status":${'[ '.repeat(mebibyte)}${']'.repeat(mebibyte)}`),
      'too-large',
    ],
    ['a token bomb', review.replace('"status":{}', `"status":[${'0,'.repeat(mebibyte)}0]`), 'too-large'],
  ])('%s with a uid is denied', async (_title, body, code) => expectDenied(await send({ body }), code));

  test('a legal body just under the cap is judged', async () => {
    const padded = review.replace('"status":{}', `"status":{"pad":"${'x'.repeat(8 * mebibyte - 2_000)}"}`);
    expectDenied(await send({ body: padded }), 'registry-not-allowed');
    expect(gate.server.bytesInFlight()).toBe(0);
  });

  test('a compressed body is refused, whatever is in it', async () => {
    const reply = await send({ body: gzipSync(review), headers: { 'content-encoding': 'gzip' } });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('compressed');
  });

  test.each([
    ['GET', '/validate', 405],
    ['PUT', '/validate', 405],
    ['DELETE', '/image-review', 405],
    ['POST', '/', 404],
    ['POST', '/validate/', 404],
    ['POST', '/Validate', 404],
    ['POST', '/validate%2f', 404],
    ['PUT', '/mutate', 405],
    ['GET', '/constraints', 405],
    ['POST', '/constraints/', 404],
    ['POST', '/mutate/', 404],
    ['POST', '/registry-events', 404],
    ['POST', '/__proto__', 404],
    ['GET', '/healthz', 404],
  ])('%s %s is %i', async (method, path, status) => {
    expect(await send({ method, path, body: method === 'GET' ? '' : review })).toMatchObject({ status });
  });

  test.each<Record<string, string>>([
    { 'user-agent': 'cosign/v2.2' },
    { 'user-agent': 'kube-apiserver/v1.36.3' },
    { 'user-agent': '' },
    { 'x-imagegate-skip': 'true', 'x-remote-user': 'system:admin', 'x-forwarded-for': '127.0.0.1' },
    { 'content-type': 'text/plain' },
    { accept: 'text/html' },
  ])('B33: headers %o make no difference', async (headers) => {
    expectDenied(await send({ body: review, headers }), 'registry-not-allowed');
  });

  test('a handler that throws is a denial with the uid, and is reported', async () => {
    expectDenied(await over(failing)({ body: review }), 'internal-error');
    const images = await over(failing)({ path: '/image-review', body: fixture('image-review.json') });
    expect(JSON.parse(images.text)).toMatchObject({ status: { allowed: false } });
    expect(failing.problems.map(({ kind }) => kind)).toContain('handler');
  });

  test('a malformed image review is a no, not an error that `defaultAllow` would let pass', async () => {
    const reply = await send({ path: '/image-review', body: '{"kind":"ImageReview"}' });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ status: { allowed: false } });
  });
});

describe('/constraints', () => {
  const ofGate = (code: 'deadline-exceeded' | 'policies-unavailable') =>
    denial({ policy: '', check: 'gate', code, message: 'not now' });
  const ofConstraint = denial({ policy: 'NoBash/a', check: 'constraint', code: 'constraint-violated' });
  let doors: TestGate;
  beforeAll(async () => {
    doors = await startGate(
      { certificate },
      {
        constraints: ({ name }) => {
          if (name === 'boom') return boom();
          if (name === 'late') return ofGate('deadline-exceeded');
          if (name === 'loading') return ofGate('policies-unavailable');
          return name === 'nginx' ? ofConstraint : decisionOf();
        },
      },
    );
  });
  afterAll(() => doors.server.drain(500));
  const named = (name: string): string => review.replaceAll('nginx', name);
  const send = (body: string): Promise<Reply> => http1(doors, { ca })({ path: '/constraints', body });

  test('refuses what a constraint refuses, and consents to the rest', async () => {
    expectDenied(await send(review), 'not from an allowed registry');
    expect(reviewAnswer((await send(named('fine'))).text).response).toMatchObject({ uid, allowed: true });
  });

  test.each([
    ['late', 503],
    ['loading', 503],
    ['boom', 503],
  ])('a gate that cannot judge (%s) gives no verdict: the failure policy decides', async (name, status) => {
    const reply = await send(named(name));
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toMatchObject({ error: expect.any(String), decision: expect.any(String) });
    expect(reply.text).not.toContain('"allowed"');
  });

  test.each([
    ['an old version', review.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'), 400],
    ['malformed JSON', review.slice(0, -1), 400],
  ])('%s is an error, with a uid as well', async (_title, body, status) => {
    const reply = await send(body);
    expect(reply.status).toBe(status);
    expect(reply.text).not.toContain('"allowed"');
  });

  const bomb = `"status":${'['.repeat(999)}${']'.repeat(999)}`;
  const tooLarge: readonly (readonly [string, string])[] = [
    ['nested too deep', review.replace('"status":{}', bomb)],
    ['of too many values', review.replace('"status":{}', `"status":[${'1,'.repeat(500_001)}1]`)],
    ['larger than is read', review.replace('"status":{}', `"status":"${'<'.repeat(8 * mebibyte)}"`)],
  ];
  test.each(tooLarge)(
    'an object %s is refused: else it would pass by the open door',
    async (_title, body) => {
      expectDenied(await send(body), 'the request body');
    },
  );

  test.each(tooLarge)('where no constraint refuses, one %s has no verdict', async (_title, body) => {
    const rejected = () => decisionOf({ findings: [denyFinding({ code: 'too-large', mode: 'Audit' })] });
    const shadow = await startGate({ certificate }, { rejected });
    const reply = await http1(shadow, { ca })({ path: '/constraints', body });
    expect(reply.status).toBe(413);
    expect(reply.text).not.toContain('"allowed"');
    await shadow.server.drain(100);
  });

  test('a rejection that cannot be made is an error too', async () => {
    const broken = await startGate({ certificate }, { constraints: boom, rejected: boom });
    expect((await http1(broken, { ca })({ path: '/constraints', body: review })).status).toBe(503);
    await broken.server.drain(100);
  });
});

describe('when everything fails', () => {
  test.each<[string, Parameters<typeof startGate>[1]]>([
    ['refusals cannot be made either', { validate: boom, rejected: boom }],
    ['answers cannot be recorded', { validate: () => denial(), answered: boom }],
    ['a refusal is made into consent', { validate: boom, rejected: () => decisionOf() }],
  ])('%s: still a no', async (_title, handlers) => {
    const broken = await startGate({ certificate }, handlers);
    const reply = await http1(broken, { ca })({ body: review });
    expect(reply.status).toBe(200);
    expect(reviewAnswer(reply.text).response).toMatchObject({ uid, allowed: false });
    await broken.server.drain(100);
  });
});
