import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from './registry-client.ts';
import { digestOf, type FakeManifest, image } from './registry-content.ts';
import * as faults from './registry-faults.ts';
import * as wire from './registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from './registry.ts';

let registry: FakeRegistry;
let web: FakeManifest;
let url: string;
beforeEach(async () => {
  registry = await startFakeRegistry();
  web = registry.push('web', image({ layers: ['x'.repeat(5000)] }), 'v1');
  url = `${registry.url}/v2/web/manifests/v1`;
});
afterEach(() => registry.close());

describe('a fault strikes', () => {
  test('what its scope names, as often as it says', async () => {
    registry.fault({ path: /\/manifests\//, method: 'GET', times: 2 }, faults.status(503));
    const statuses = [];
    for (const path of ['manifests/v1', 'tags/list', 'manifests/v1', 'manifests/v1'])
      statuses.push((await ask(`${registry.url}/v2/web/${path}`)).status);
    expect(statuses).toEqual([503, 200, 503, 200]);
    expect((await ask(url, { method: 'HEAD' })).status).toBe(200);
  });

  test('the nth request only', async () => {
    registry.fault({ nth: 2 }, faults.status(500));
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await ask(url)).status);
    expect(statuses).toEqual([200, 500, 200]);
  });

  test('until it is disarmed', async () => {
    const disarm = registry.fault({}, faults.status(502));
    expect((await ask(url)).status).toBe(502);
    disarm();
    expect((await ask(url)).status).toBe(200);
  });
});

describe('faults of what is said', () => {
  test.each([
    [7, '7'],
    [new Date(Date.UTC(2026, 0, 2, 3, 4, 5)), 'Fri, 02 Jan 2026 03:04:05 GMT'],
  ])('429 with Retry-After %s', async (retryAfter, header) => {
    registry.fault({}, faults.tooManyRequests(retryAfter));
    const found = await ask(url);
    expect([found.status, found.headers['retry-after']]).toEqual([429, header]);
  });

  test.each(['Bearer realm="http://evil.example/token"', 'Bearer realm="', 'Digest x', undefined])(
    'the challenge %s',
    async (header) => {
      registry.fault({}, faults.challenge(header));
      const found = await ask(url);
      expect([found.status, found.headers['www-authenticate']]).toEqual([401, header]);
    },
  );

  test('a redirect anywhere, the path carried over where asked', async () => {
    registry.fault({ nth: 1 }, faults.redirect('http://169.254.169.254/latest/meta-data/'));
    registry.fault({ nth: 1 }, faults.redirect('http://127.0.0.2{path}', 302));
    const first = await ask(url);
    expect([first.status, first.headers.location]).toEqual([307, 'http://169.254.169.254/latest/meta-data/']);
    const second = await ask(url);
    expect([second.status, second.headers.location]).toEqual([302, 'http://127.0.0.2/v2/web/manifests/v1']);
  });

  test('a redirect loop leads to itself', async () => {
    registry.fault({}, faults.redirectLoop());
    expect((await ask(url)).headers.location).toBe('/v2/web/manifests/v1');
  });

  test('B1: the manifest flips between calls, each under its own digest', async () => {
    const evil = image({ user: '0' });
    registry.fault({ path: '/manifests/' }, faults.flipping(web, evil));
    const digests = [];
    for (let n = 0; n < 3; n++) {
      const { body, headers } = await ask(url);
      expect(headers['docker-content-digest']).toBe(digestOf(body));
      digests.push(digestOf(body));
    }
    expect(digests).toEqual([web.digest, evil.digest, web.digest]);
  });

  test('B1: Docker-Content-Digest lies, or is missing', async () => {
    registry.fault({ nth: 1 }, faults.lyingDigest(digestOf('lie')));
    registry.fault({ nth: 1 }, faults.withHeaders({ 'docker-content-digest': undefined }));
    const lie = await ask(url);
    expect(lie.headers['docker-content-digest']).toBe(digestOf('lie'));
    expect(digestOf(lie.body)).toBe(web.digest);
    expect((await ask(url)).headers['docker-content-digest']).toBeUndefined();
  });

  test('other bytes come under the true headers, and another content type over the true bytes', async () => {
    registry.fault({ nth: 1 }, faults.withBody('{}'));
    registry.fault({ nth: 1 }, faults.withHeaders({ 'content-type': 'text/html' }));
    const first = await ask(url);
    expect([first.body.toString(), first.headers['docker-content-digest']]).toEqual(['{}', web.digest]);
    const second = await ask(url);
    expect([digestOf(second.body), second.headers['content-type']]).toEqual([web.digest, 'text/html']);
  });

  test('a fault of what is said leaves a challenge alone', async () => {
    const closed = await startFakeRegistry({ auth: { mode: 'basic' } });
    closed.fault({}, faults.flipping(web));
    expect((await ask(`${closed.url}/v2/web/manifests/v1`)).status).toBe(401);
    await closed.close();
  });

  test('pages go on for ever, each under a new address', async () => {
    registry.fault({ path: '/tags/' }, faults.endlessPages());
    let next = '/v2/web/tags/list';
    const seen = new Set<string>();
    for (let n = 0; n < 5; n++) {
      seen.add(next);
      next = /<(.+)>/.exec(String((await ask(registry.url + next)).headers['link']))?.[1] ?? '';
    }
    expect(seen.size).toBe(5);
  });

  test('a page leads to itself, or to another origin', async () => {
    registry.fault({ nth: 1 }, faults.selfLinkedPage());
    registry.fault({ nth: 1 }, faults.nextPageAt('https://evil.example/v2/web/tags/list'));
    const tags = `${registry.url}/v2/web/tags/list`;
    expect((await ask(tags)).headers['link']).toBe('</v2/web/tags/list>; rel="next"');
    expect((await ask(tags)).headers['link']).toBe('<https://evil.example/v2/web/tags/list>; rel="next"');
  });

  test('B9: the body comes compressed, or as a bomb', async () => {
    registry.fault({ nth: 1 }, faults.gzipped());
    registry.fault({ nth: 1 }, faults.gzipBomb(16 * 1024 * 1024));
    const plain = await ask(url);
    expect(plain.headers['content-encoding']).toBe('gzip');
    expect(digestOf(gunzipSync(plain.body))).toBe(web.digest);
    const bomb = await ask(url);
    expect(bomb.body.length).toBeLessThan(64 * 1024);
    expect(gunzipSync(bomb.body)).toHaveLength(16 * 1024 * 1024);
  });
});

describe.each([false, true])('faults of how the bytes travel, TLS %s', (tls) => {
  let wired: FakeRegistry;
  let target: string;
  let trust: { ca?: string };
  beforeEach(async () => {
    wired = await startFakeRegistry({ tls });
    wired.push('web', web, 'v1');
    target = `${wired.url}/v2/web/manifests/v1`;
    trust = wired.ca === undefined ? {} : { ca: wired.ca };
  });
  afterEach(() => wired.close());

  test('nothing comes while the connection stays open', async () => {
    wired.fault({}, wire.silence());
    const asked = ask(target, trust).then(
      () => 'answered',
      () => 'broken',
    );
    await expect.poll(() => wired.requests.length).toBe(1);
    const wait = new Promise((resolve) => setTimeout(() => resolve('waiting'), 50));
    expect(await Promise.race([asked, wait])).toBe('waiting');
    await wired.close();
    expect(await asked).toBe('broken');
  });

  test.each([
    ['a reset before the answer', wire.reset()],
    ['a reset in the body', wire.reset(10)],
    ['a body that ends early', wire.truncated(10)],
    ['a Content-Length that is too large', wire.wrongLength(100_000)],
    ['no HTTP at all', wire.garbage()],
  ])('%s breaks the exchange', async (_title, fault) => {
    wired.fault({ times: 1 }, fault);
    await expect(ask(target, trust)).rejects.toThrow(/ECONNRESET|aborted|socket hang up|Parse Error/);
    expect((await ask(target, trust)).status).toBe(200);
  });

  test('a Content-Length that is too small cuts the body', async () => {
    wired.fault({}, wire.wrongLength(12));
    const { body, headers } = await ask(target, trust);
    expect([body.length, headers['content-length']]).toEqual([12, '12']);
  });

  test('a slow drip comes whole in the end, in pieces', async () => {
    wired.fault({}, wire.dripping(Math.ceil(web.bytes.length / 4), 10));
    const started = performance.now();
    expect(digestOf((await ask(target, trust)).body)).toBe(web.digest);
    expect(performance.now() - started).toBeGreaterThanOrEqual(35);
  });

  test('a delayed answer is the true one', async () => {
    wired.fault({}, wire.delayed(30));
    const started = performance.now();
    expect(digestOf((await ask(target, trust)).body)).toBe(web.digest);
    expect(performance.now() - started).toBeGreaterThanOrEqual(28);
  });

  test('B9: a huge body has the bytes that were ordered', async () => {
    const flood = wire.flooding({ bytes: 1_000_000, contentLength: 1_000_000, start: '[' });
    wired.fault({}, flood.fault);
    const { body, headers } = await ask(target, trust);
    expect([body.length, headers['content-length'], body[0]]).toEqual([1_000_000, '1000000', 0x5b]);
  });

  test('B9: an endless body ends when the reader leaves, and has not been made further than it was read', async () => {
    const flood = wire.flooding();
    wired.fault({}, flood.fault);
    const { body } = await ask(target, { ...trust, atMost: 2_000_000 });
    expect(body.length).toBeGreaterThanOrEqual(2_000_000);
    expect(flood.sent()).toBeLessThan(64 * 1024 * 1024);
    let before = -1;
    const hasStopped = (): boolean => before === (before = flood.sent());
    await expect.poll(hasStopped, { interval: 30 }).toBe(true);
  });
});
