import { createHash } from 'node:crypto';
import type { Digest } from '../../../core/image/digest.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../../test/fakes/registry/registry-content.ts';
import {
  gzipBomb,
  gzipped,
  redirect,
  status,
  withBody,
} from '../../../../test/fakes/registry/registry-faults.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  failureIn,
  openReading,
  type Reading,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import {
  dripping,
  flooding,
  truncated,
  wrongLength,
} from '../../../../test/fakes/registry/registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type { Credential, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';

const repository = 'team/app';
const bytes = Buffer.from('{"architecture":"amd64","os":"linux"}');
const size = bytes.length;
const digest = digestOf(bytes);
const limit = 1024 * 1024;

let server: FakeRegistry;
let reading: Reading;

beforeEach(async () => {
  server = await startFakeRegistry();
  reading = openReading();
  server.pushBlob(repository, bytes);
});
afterEach(async () => {
  await reading.close();
  await server.close();
});

const get = (
  descriptor: { digest: Digest; size: number } = { digest, size },
  budget: ReadBudget = budgetOf(),
  most = limit,
) => reading.registry.blob({ host: server.host, repository }, descriptor, most, anonymous, budget);

describe('a blob', () => {
  test('is what its digest and size say', async () => {
    const budget = budgetOf();
    const found = valueOf(await get(undefined, budget));
    expect(found.digest).toBe(digest);
    expect(Buffer.from(found.bytes)).toEqual(bytes);
    expect(budget.taken()).toBe(size);
  });

  test('may be empty', async () => {
    const empty = server.pushBlob(repository, new Uint8Array());
    expect(valueOf(await get({ digest: empty, size: 0 })).bytes).toHaveLength(0);
  });

  test.each(['sha384', 'sha512'])('named by %s is measured by that', async (algorithm) => {
    const named = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
    const serve =
      (body: Buffer): Fault =>
      ({ send }) =>
        send({ status: 200, headers: {}, body });
    const disarm = server.fault({ path: named }, serve(bytes));
    expect(valueOf(await get({ digest: named, size })).digest).toBe(named);
    disarm();
    server.fault({ path: named }, serve(Buffer.from(bytes.toString().replace('amd64', 'arm64'))));
    expect(failureIn(await get({ digest: named, size })).kind).toBe('invalid');
  });

  test('without a Content-Length is read all the same', async () => {
    server.fault({}, ({ response }) => {
      response.writeHead(200);
      response.end(bytes);
    });
    expect(valueOf(await get()).digest).toBe(digest);
  });

  test('that is not there is absent', async () => {
    expect(await get({ digest: `sha256:${'0'.repeat(64)}` as Digest, size: 1 })).toEqual({ state: 'absent' });
  });

  test('B28: is fetched from where the registry redirects to, without the credential', async () => {
    const guarded = await startFakeRegistry({ auth: { mode: 'basic', users: { ann: { password: 'pw' } } } });
    const storage = await startFakeRegistry({ address: '127.0.0.2' });
    storage.pushBlob(repository, bytes);
    guarded.pushBlob(repository, bytes);
    guarded.fault({ path: '/blobs/' }, (exchange) => {
      if (exchange.request.headers.authorization === undefined) exchange.send(exchange.truth());
      else void redirect(`${storage.url}{path}`)(exchange);
    });
    const credential: Credential = basicCredential('ann', 'pw');
    const found = await reading.registry.blob(
      { host: guarded.host, repository },
      { digest, size },
      limit,
      credential,
      budgetOf(),
    );
    expect(valueOf(found).digest).toBe(digest);
    expect(storage.requests.map(({ authorization }) => authorization)).toEqual(['none']);
    await guarded.close();
    await storage.close();
  });
});

describe('whether a repository holds a blob (V6)', () => {
  const has = (named: Digest, at = repository) =>
    reading.registry.hasBlob({ host: server.host, repository: at }, named, anonymous, budgetOf());

  test('HEAD says so, and transfers nothing', async () => {
    expect(await has(digest)).toEqual({ state: 'known', value: true });
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  test('another repository of the registry does not', async () => {
    expect(await has(digest, 'team/other')).toEqual({ state: 'absent' });
    expect(await has(`sha256:${'0'.repeat(64)}` as Digest)).toEqual({ state: 'absent' });
  });

  test.each([405, 501])('a registry that answers HEAD with %i is asked by GET', async (code) => {
    server.fault({ path: '/blobs/', method: 'HEAD' }, status(code));
    expect(await has(digest)).toEqual({ state: 'known', value: true });
    expect(await has(`sha256:${'0'.repeat(64)}` as Digest)).toEqual({ state: 'absent' });
  });

  test('so is one whose link is signed for GET alone', async () => {
    server.fault({ path: '/blobs/' }, redirect(`/signed`));
    server.fault({ path: '/signed', method: 'HEAD' }, status(403));
    server.fault({ path: '/signed', method: 'GET' }, ({ response }) => void response.end(bytes));
    expect(await has(digest)).toEqual({ state: 'known', value: true });
  });

  test('no answer is no proof', async () => {
    server.fault({ path: '/blobs/' }, status(403));
    expect(failureIn(await has(digest)).kind).toBe('denied');
    expect(failureIn(await has('../../other' as Digest)).kind).toBe('invalid');
  });
});

describe('a registry that lies about a blob is not believed', () => {
  const cases: readonly (readonly [string, Fault, RegistryFailure['kind'], RegExp])[] = [
    [
      'B1: other bytes of the same length',
      withBody(bytes.toString().replace('amd64', 'arm64')),
      'invalid',
      /another digest/,
    ],
    [
      'B1: a redirect target with other bytes',
      ({ send }) => send({ status: 200, headers: {}, body: Buffer.alloc(size, 'x') }),
      'invalid',
      /another digest/,
    ],
    [
      'B9: fewer bytes than the descriptor says',
      withBody(bytes.subarray(1)),
      'invalid',
      /announced 36 bytes .* which has 37/,
    ],
    [
      'B9: more bytes than the descriptor says',
      withBody(Buffer.concat([bytes, bytes])),
      'invalid',
      /announced 74 bytes/,
    ],
    ['B9: more bytes than that, unannounced', flooding().fault, 'invalid', /more than its 37 bytes/],
    [
      'B9: fewer bytes, unannounced',
      ({ response }) => void response.writeHead(200).end(bytes.subarray(1)),
      'invalid',
      /36 bytes instead of 37/,
    ],
    ['B9: half of what it announced', truncated(10), 'invalid', /ends after 10/],
    ['B9: a Content-Length that promises more', wrongLength(size + 1), 'invalid', /announced 38/],
    ['B9: packed', gzipped(), 'invalid', /Content-Encoding/],
    ['B9: a bomb', gzipBomb(64 * 1024 * 1024), 'invalid', /Content-Encoding/],
    ['206', ({ send }) => send({ status: 206, headers: {}, body: bytes }), 'invalid', /status 206/],
    ['403', status(403), 'denied', /refused the question for the blob sha256:/],
    ['503', status(503), 'unreachable', /status 503/],
  ];
  test.each(cases)('%s', async (_title, fault, kind, why) => {
    server.fault({ path: '/blobs/' }, fault);
    const failure = failureIn(await get());
    expect(failure).toMatchObject({ kind, stage: 'blob', host: server.host });
    expect(failure.why).toMatch(why);
  });

  test('B9: a slow drip ends with the time of the review', async () => {
    server.fault({ path: '/blobs/' }, dripping(1, 50));
    expect(failureIn(await get(undefined, budgetOf(limit, 200))).kind).toBe('timeout');
  });
});

describe('a blob that is not asked for', () => {
  test.each<[string, { digest: Digest; size: number }, number, number, RegistryFailure['kind']]>([
    ['is larger than is read', { digest, size: limit + 1 }, limit, limit, 'limit'],
    ['has no size', { digest, size: -1 }, limit, limit, 'invalid'],
    ['has a size that is no whole number', { digest, size: 1.5 }, limit, limit, 'invalid'],
    ['has a size beyond all numbers', { digest, size: 2 ** 60 }, 2 ** 61, limit, 'invalid'],
    ['has no digest', { digest: '../../other' as Digest, size }, limit, limit, 'invalid'],
    [
      'has a digest of another algorithm',
      { digest: `md5:${'0'.repeat(32)}` as Digest, size },
      limit,
      limit,
      'invalid',
    ],
  ])('%s', async (_title, descriptor, most, bytes, kind) => {
    expect(failureIn(await get(descriptor, budgetOf(bytes), most)).kind).toBe(kind);
    expect(server.counts().total).toBe(0);
  });

  test('one byte more than the share of the review is not kept', async () => {
    const budget = budgetOf(size - 1);
    expect(failureIn(await get(undefined, budget))).toMatchObject({ kind: 'limit', stage: 'blob' });
    expect(budget.taken()).toBe(0);
    expect(valueOf(await get(undefined, budgetOf(size))).digest).toBe(digest);
  });
});
