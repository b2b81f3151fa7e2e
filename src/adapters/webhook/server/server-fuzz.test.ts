import { Agent } from 'node:https';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import {
  denial,
  fixture,
  http1,
  http2Session,
  overSession,
  startGate,
  type Send,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';

let gate: TestGate;
let send: Send;
let ca: string;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  const authority = await createAuthority('test');
  ca = authority.certificate;
  const issued = await authority.issueServer('gate', ['127.0.0.1']);
  const deny = () => denial();
  gate = await startGate(
    { certificate: { cert: issued.certificate, key: issued.key } },
    { validate: deny, imageReview: deny },
  );
  send = http1(gate, { ca }, agent);
});
afterAll(async () => {
  agent.destroy();
  await gate.server.drain(100);
});
// Nothing that a stranger sends may count as a defect of the gate.
const expectNoDefect = (): void =>
  expect(gate.problems.splice(0).filter(({ kind }) => kind === 'handler')).toEqual([]);
afterEach(expectNoDefect);

/** Whatever was sent, no answer consents: every handler of this gate denies. */
const expectNoConsent = async (body: string | Uint8Array, path: string): Promise<void> => {
  const reply = await send({ path, body });
  expect([200, 400, 413]).toContain(reply.status);
  expect(reply.text).not.toContain('internal-error');
  const answer = JSON.parse(reply.text) as {
    response?: { allowed: boolean };
    status?: { allowed: boolean };
    error?: string;
  };
  if (reply.status === 200) expect((answer.response ?? answer.status)?.allowed).toBe(false);
  else expect(answer.error).toEqual(expect.any(String));
};

const path = fc.constantFrom('/validate', '/image-review', '/validate?timeout=1s');
const seeds = ['pod-create.json', 'kubectl-run.json', 'pod-delete.json', 'image-review.json'].map(fixture);

test('random bytes never crash the gate and never yield consent', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), path, expectNoConsent), {
    numRuns: 300,
  });
});

test('neither does a body of hardly any bytes, wherever in a piece of the connection it begins', async () => {
  const session = http2Session(gate, { ca });
  // HTTP/2 hands on views into what arrived: the length of the path decides where the body begins.
  for (let pad = 0; pad < 8; pad++) {
    for (let length = 0; length <= 4; length++) {
      const path = `/validate?p=${'p'.repeat(pad)}`;
      const reply = await overSession(session)({ path, body: '{'.repeat(length) });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain('malformed-request');
    }
  }
  session.close();
});

test('neither does random JSON', async () => {
  await fc.assert(fc.asyncProperty(fc.json(), path, expectNoConsent), { numRuns: 300 });
});

test('/mutate has no verdict: it changes nothing, or says that it cannot read', async () => {
  const damage = fc.array(fc.tuple(fc.nat(7_000), fc.nat(255)), { maxLength: 20 });
  const damaged = fc.tuple(fc.constantFrom(...seeds), damage).map(([seed, changes]) => {
    const bytes = Buffer.from(seed);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  });
  const body = fc.oneof(fc.uint8Array({ maxLength: 2_000 }), fc.json(), damaged);
  await fc.assert(
    fc.asyncProperty(body, async (sent) => {
      const reply = await send({ path: '/mutate', body: sent });
      expect([200, 400, 413]).toContain(reply.status);
      const answer = JSON.parse(reply.text) as { response?: object; error?: string };
      if (reply.status === 200) expect(answer.response).toEqual({ uid: expect.any(String), allowed: true });
      else expect(answer.error).toEqual(expect.any(String));
    }),
    { numRuns: 400 },
  );
});

test('neither do real reviews with damaged bytes', async () => {
  const damage = fc.array(fc.tuple(fc.nat(7_000), fc.nat(255)), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), damage, path, async (seed, changes, to) => {
      const bytes = Buffer.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      await expectNoConsent(bytes, to);
    }),
    { numRuns: 400 },
  );
});

test('neither do real reviews with parts replaced by random JSON', async () => {
  const field = fc.constantFrom(
    'uid',
    'kind',
    'resource',
    'operation',
    'object',
    'oldObject',
    'userInfo',
    'dryRun',
    'namespace',
    'name',
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), field, fc.jsonValue(), async (seed, key, value) => {
      const review = JSON.parse(seed) as {
        request?: Record<string, unknown>;
        spec?: Record<string, unknown>;
      };
      const part = review.request ?? review.spec ?? {};
      part[key] = value;
      await expectNoConsent(JSON.stringify(review), '/validate');
      await expectNoConsent(JSON.stringify(review), '/image-review');
    }),
    { numRuns: 300 },
  );
});
