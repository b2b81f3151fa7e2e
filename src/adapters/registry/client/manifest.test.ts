import { createHash } from 'node:crypto';
import type { Digest } from '../../../core/image/digest.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { image, index, mediaTypes, rawManifest } from '../../../../test/fakes/registry/registry-content.ts';
import {
  flipping,
  gzipBomb,
  gzipped,
  lyingDigest,
  status,
  withBody,
  withHeaders,
} from '../../../../test/fakes/registry/registry-faults.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import {
  anonymous,
  budgetOf,
  failureIn,
  openReading,
  type Reading,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import {
  dripping,
  flooding,
  garbage,
  reset,
  silence,
  truncated,
  wrongLength,
} from '../../../../test/fakes/registry/registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type { ManifestName, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';

const repository = 'team/app';
const web = image({ user: '1000' });
const other = image({ user: '0' });
const many = index([web, other]);
const elsewhere = `sha256:${'e'.repeat(64)}` as Digest;

let server: FakeRegistry;
let reading: Reading;

beforeEach(async () => {
  server = await startFakeRegistry();
  reading = openReading();
  server.push(repository, web, 'v1');
  server.push(repository, many, 'many');
});
afterEach(async () => {
  await reading.close();
  await server.close();
});

const get = (name: ManifestName, budget: ReadBudget = budgetOf()) =>
  reading.registry.manifest({ host: server.host, repository }, name, anonymous, budget);
const head = (name: ManifestName) =>
  reading.registry.head({ host: server.host, repository }, name, anonymous, budgetOf());

describe('a manifest', () => {
  test('of a tag has the digest of its bytes and their media type', async () => {
    const found = valueOf(await get({ tag: 'v1' }));
    expect(found).toEqual({
      digest: web.digest,
      mediaType: mediaTypes.ociManifest,
      bytes: new Uint8Array(web.bytes),
    });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/team/app/manifests/v1',
    ]);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('of a digest may be an index', async () => {
    const found = valueOf(await get({ digest: many.digest }));
    expect(found.mediaType).toBe(mediaTypes.ociIndex);
    expect(found.digest).toBe(many.digest);
  });

  test.each(['docker', 'oci'] as const)('of the %s kind is read, list and image', async (format) => {
    const single = server.push(repository, image({ format, user: '7' }), 'one');
    const list = server.push(repository, index([single], { format }), 'list');
    expect(valueOf(await get({ tag: 'one' })).digest).toBe(single.digest);
    expect(valueOf(await get({ tag: 'list' })).digest).toBe(list.digest);
  });

  test.each(['sha384', 'sha512'] as const)('asked for by %s is measured by that', async (algorithm) => {
    const digest = `${algorithm}:${createHash(algorithm).update(web.bytes).digest('hex')}` as Digest;
    server.tag(repository, digest, web.digest);
    expect(valueOf(await get({ digest })).digest).toBe(digest);
    server.tag(repository, digest, many.digest);
    expect(failureIn(await get({ digest })).kind).toBe('invalid');
  });

  test('without a Content-Type and without Docker-Content-Digest is read from its bytes', async () => {
    server.fault({}, withHeaders({ 'content-type': undefined, 'docker-content-digest': undefined }));
    expect(valueOf(await get({ tag: 'v1' })).digest).toBe(web.digest);
  });

  test('that is not there is absent, and so is its repository', async () => {
    expect(await get({ tag: 'v2' })).toEqual({ state: 'absent' });
    expect(await get({ digest: elsewhere })).toEqual({ state: 'absent' });
    expect(
      await reading.registry.manifest(
        { host: server.host, repository: 'no/such' },
        { tag: 'v1' },
        anonymous,
        budgetOf(),
      ),
    ).toEqual({ state: 'absent' });
  });
});

describe('a registry that lies about a manifest is not believed', () => {
  const cases: readonly (readonly [string, ManifestName, Fault, RegistryFailure['kind'], RegExp])[] = [
    [
      'B1: other bytes than the digest asked for',
      { digest: web.digest },
      flipping(other),
      'invalid',
      /the bytes have the digest sha256:/,
    ],
    [
      'B1: other bytes of the same length',
      { digest: web.digest },
      withBody(Buffer.from(web.bytes.toString().replace('"size":', '"sizE":'))),
      'invalid',
      /the bytes have the digest/,
    ],
    [
      'B1: a Docker-Content-Digest of other bytes, by tag',
      { tag: 'v1' },
      lyingDigest(elsewhere),
      'invalid',
      /Docker-Content-Digest is not the digest of the bytes/,
    ],
    [
      'B1: a Docker-Content-Digest of other bytes, by digest',
      { digest: web.digest },
      lyingDigest(elsewhere),
      'invalid',
      /Docker-Content-Digest is not the digest of the bytes/,
    ],
    [
      'B1: a Docker-Content-Digest that is none',
      { tag: 'v1' },
      lyingDigest('latest'),
      'invalid',
      /is no digest/,
    ],
    [
      'CVE-2021-41190: an index under the header of a manifest',
      { tag: 'many' },
      withHeaders({ 'content-type': mediaTypes.ociManifest }),
      'invalid',
      /disagree/,
    ],
    [
      'a manifest under the header of an index',
      { tag: 'v1' },
      withHeaders({ 'content-type': mediaTypes.ociIndex }),
      'invalid',
      /disagree/,
    ],
    [
      'no JSON',
      { tag: 'v1' },
      (exchange) =>
        withHeaders({ 'docker-content-digest': undefined })({
          ...exchange,
          truth: () => ({ ...exchange.truth(), body: Buffer.from('<html>') }),
        }),
      'invalid',
      /it is not JSON/,
    ],
    ['B9: a body that was packed', { tag: 'v1' }, gzipped(), 'invalid', /Content-Encoding/],
    [
      'B9: a small body that unpacks to 1 GiB',
      { tag: 'v1' },
      gzipBomb(1024 * 1024 * 1024),
      'invalid',
      /Content-Encoding/,
    ],
    ['B9: a body without an end', { tag: 'v1' }, flooding().fault, 'limit', /4194304|4 MiB|larger/],
    [
      'B9: a body that announces more than 4 MiB',
      { tag: 'v1' },
      flooding({ contentLength: 5_000_000 }).fault,
      'limit',
      /5000000 bytes/,
    ],
    ['a redirect to nowhere', { tag: 'v1' }, status(307), 'invalid', /redirects/],
    ['304, which was not asked for', { tag: 'v1' }, status(304), 'invalid', /status 304/],
    [
      '206, part of it',
      { tag: 'v1' },
      (exchange) => exchange.send({ ...exchange.truth(), status: 206 }),
      'invalid',
      /status 206/,
    ],
    ['400', { tag: 'v1' }, status(400), 'invalid', /status 400 \(UNKNOWN: 400 on purpose\)/],
    [
      '403',
      { tag: 'v1' },
      status(403),
      'denied',
      /^status 403 .*: .* refused the question for the manifest of team\/app:v1$/,
    ],
    ['401 without a word', { tag: 'v1' }, status(401), 'denied', /does not say how to log in/],
    ['429', { tag: 'v1' }, status(429), 'paced', /status 429 \(TOOMANYREQUESTS/],
    ['500', { tag: 'v1' }, status(500), 'unreachable', /status 500/],
    ['502', { tag: 'v1' }, status(502), 'unreachable', /status 502/],
  ];
  test.each(cases)('%s', async (_title, name, fault, kind, why) => {
    server.fault({ path: '/manifests/' }, fault);
    const failure = failureIn(await get(name));
    expect(failure).toMatchObject({ kind, stage: 'manifest', host: server.host });
    expect(failure.why).toMatch(why);
  });

  test.each<[string, Fault]>([
    ['B9: half a body', truncated(20)],
    ['B9: a body shorter than its Content-Length', wrongLength(web.bytes.length + 5)],
    ['B9: a body longer than its Content-Length', wrongLength(web.bytes.length - 5)],
    ['a connection that breaks before the answer', reset()],
    ['a connection that breaks within the body', reset(30)],
    ['no HTTP at all', garbage()],
  ])('%s is no manifest', async (_title, fault) => {
    server.fault({ path: '/manifests/' }, fault);
    expect(failureIn(await get({ tag: 'v1' })).stage).toMatch(/manifest|connect/);
  });

  test.each<[string, Fault]>([
    ['B9: a byte every 50 ms', dripping(1, 50)],
    ['no answer', silence()],
  ])('%s ends with the time of the review', async (_title, fault) => {
    server.fault({ path: '/manifests/' }, fault);
    const started = performance.now();
    expect(failureIn(await get({ tag: 'v1' }, budgetOf(1_000_000, 200))).kind).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('a review whose time is over asks nothing', async () => {
    const over: ReadBudget = { signal: AbortSignal.abort(), take: () => true };
    expect(failureIn(await get({ tag: 'v1' }, over)).kind).toBe('timeout');
    expect(server.counts().total).toBe(0);
  });

  test('B1: a tag that changes between two calls gives two digests, each with its own bytes', async () => {
    server.fault({ path: '/manifests/v1' }, flipping(web, other));
    const found = [valueOf(await get({ tag: 'v1' })), valueOf(await get({ tag: 'v1' }))];
    expect(found.map(({ digest }) => digest)).toEqual([web.digest, other.digest]);
    expect(found.map(({ bytes }) => Buffer.from(bytes))).toEqual([web.bytes, other.bytes]);
  });

  test('what a registry says about itself is made safe to show and cut', async () => {
    const message = `\u001b[2J${'x'.repeat(1000)}`;
    const body = JSON.stringify({ errors: [{ code: 'DENIED\n', message }, { code: 'B' }, { code: 'C' }] });
    server.fault({}, ({ send }) => send({ status: 403, headers: {}, body: Buffer.from(body) }));
    const { why } = failureIn(await get({ tag: 'v1' }));
    expect(why).not.toMatch(/\p{Cc}/u);
    expect(why).toContain(String.raw`DENIED\u{a}: \u{1b}[2J`);
    expect(why.length).toBeLessThan(500);
    expect(why).not.toMatch(/C\)/);
  });

  test.each<[string, string]>([
    ['is packed', 'gzip'],
    ['is fine', 'identity'],
  ])('an error whose body %s is an error', async (_title, encoding) => {
    server.fault({}, ({ send }) =>
      send({ status: 500, headers: { 'content-encoding': encoding }, body: Buffer.from('{}') }),
    );
    expect(failureIn(await get({ tag: 'v1' })).kind).toBe('unreachable');
  });

  test('Docker schema 1 is refused with what to do', async () => {
    const old = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [], signatures: [] };
    const type = 'application/vnd.docker.distribution.manifest.v1+json';
    server.fault({}, ({ send }) =>
      send({ status: 200, headers: { 'content-type': type }, body: rawManifest(old, type).bytes }),
    );
    expect(failureIn(await get({ tag: 'v1' })).why).toMatch(
      /schema 1, which is not read; push the image again/,
    );
  });
});

describe('the share of a review', () => {
  test('every byte of a manifest is counted, announced or not', async () => {
    const announced = budgetOf();
    await get({ tag: 'v1' }, announced);
    expect(announced.taken()).toBe(web.bytes.length);
    server.fault({}, (exchange) => {
      exchange.response.writeHead(200, { 'content-type': mediaTypes.ociManifest });
      exchange.response.end(web.bytes);
    });
    const chunked = budgetOf();
    expect((await get({ tag: 'v1' }, chunked)).state).toBe('known');
    expect(chunked.taken()).toBe(web.bytes.length);
  });

  test.each([true, false])('what goes beyond it is not kept (announced: %s)', async (announced) => {
    if (!announced) {
      server.fault({}, ({ response }) => {
        response.writeHead(200);
        response.end(web.bytes);
      });
    }
    const budget = budgetOf(web.bytes.length - 1);
    const failure = failureIn(await get({ tag: 'v1' }, budget));
    expect(failure.kind).toBe('limit');
    expect(failure.why).toMatch(/this review may read no more/);
    expect(budget.taken()).toBe(0);
  });
});

describe('names that would leave the path are not asked for', () => {
  test.each<[string, string, ManifestName]>([
    ['a tag with a slash', repository, { tag: '../../other/app/manifests/v1' }],
    ['a tag with a line break', repository, { tag: 'v1\r\nx: y' }],
    ['a digest of another algorithm', repository, { digest: `md5:${'a'.repeat(32)}` as Digest }],
    ['a digest with a path', repository, { digest: 'sha256:../v1' as Digest }],
    ['a repository with dots', 'team/../other', { tag: 'v1' }],
    ['a repository with a query', 'team/app?x=', { tag: 'v1' }],
  ])('%s', async (_title, named, name) => {
    const place = { host: server.host, repository: named };
    expect(failureIn(await reading.registry.manifest(place, name, anonymous, budgetOf())).kind).toBe(
      'invalid',
    );
    expect(failureIn(await reading.registry.head(place, name, anonymous, budgetOf())).kind).toBe('invalid');
    expect(server.counts().total).toBe(0);
  });
});

describe('HEAD', () => {
  test('tells the digest that the registry names, as a hint', async () => {
    expect(await head({ tag: 'v1' })).toEqual({ state: 'known', value: web.digest });
    expect(server.counts()).toMatchObject({ total: 1, heads: 1 });
  });

  test.each<[string, string | undefined]>([
    ['is missing', undefined],
    ['is none', 'latest'],
    ['is of no known algorithm', 'md5:abc'],
  ])('a header that %s is no hint', async (_title, header) => {
    server.fault({}, withHeaders({ 'docker-content-digest': header }));
    expect(await head({ tag: 'v1' })).toEqual({ state: 'known', value: undefined });
  });

  test('B1: another digest than the one asked for is a lie', async () => {
    server.fault({}, lyingDigest(elsewhere));
    expect(failureIn(await head({ digest: web.digest })).kind).toBe('invalid');
    expect(await head({ tag: 'v1' })).toEqual({ state: 'known', value: elsewhere });
  });

  test.each([405, 501])(
    'a registry that answers %s to it is asked by GET, so that access is known',
    async (code) => {
      server.fault({ method: 'HEAD' }, status(code));
      expect(await head({ tag: 'v1' })).toEqual({ state: 'known', value: web.digest });
      expect(server.counts()).toMatchObject({ total: 2, heads: 1 });
      server.fault({ method: 'GET' }, status(403));
      expect(failureIn(await head({ tag: 'v1' })).kind).toBe('denied');
    },
  );

  test('what is not there is absent, what is refused is denied', async () => {
    expect(await head({ tag: 'v2' })).toEqual({ state: 'absent' });
    server.fault({}, status(403));
    expect(failureIn(await head({ tag: 'v1' })).kind).toBe('denied');
  });
});
