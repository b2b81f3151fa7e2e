import { afterEach, describe, expect, test } from 'vitest';
import { challenge, status } from '../../../../test/fakes/registry/registry-faults.ts';
import {
  anonymous,
  basicCredential,
  bearerCredential,
  budgetOf,
  failureIn,
  identityCredential,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { flooding } from '../../../../test/fakes/registry/registry-wire-faults.ts';
import type { FakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import { ann, get, openLogins, seen, users, web } from '../../../../test/fakes/registry/registry-login.ts';

const { close, startWith, reader } = openLogins();
afterEach(close);

describe('Basic', () => {
  const start = () => startWith({ mode: 'basic', users, anonymous: ['public/*'] });

  test('a password is shown after the registry asked for it, and from then on at once', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    expect(seen(server)).toEqual(['manifests none', 'manifests basic']);
    valueOf(await get(reading, server, ann, 'team/other'));
    expect(seen(server).slice(2)).toEqual(['manifests basic']);
  });

  test('B28: a registry that never asks never sees the password', async () => {
    const [server, reading] = [await startWith({ mode: 'none' }), reader()];
    valueOf(await get(reading, server, ann));
    valueOf(await get(reading, server, ann));
    expect(seen(server)).toEqual(['manifests none', 'manifests none']);
  });

  test('a wrong password is tried once and denied, without being quoted', async () => {
    const [server, reading] = [await start(), reader()];
    const failure = failureIn(await get(reading, server, basicCredential('ann', 'wrong-secret')));
    expect(failure).toMatchObject({ kind: 'denied', stage: 'manifest', host: server.host });
    expect(failure.why).toContain('status 401 (UNAUTHORIZED: authentication required): ');
    expect(failure.why).not.toMatch(/wrong-secret|ann/);
    expect(seen(server)).toEqual(['manifests none', 'manifests basic']);
  });

  test('a right password without the right to the repository is denied', async () => {
    const [server, reading] = [await start(), reader()];
    expect(failureIn(await get(reading, server, ann, 'secret/app')).why).toMatch(/status 403 \(DENIED/);
  });

  test('B9: a refusal without an end is cut, and answered all the same', async () => {
    const [server, reading] = [await start(), reader()];
    server.fault({ path: '/manifests/', times: 1 }, flooding().fault);
    valueOf(await get(reading, server, ann));
    expect(seen(server)).toEqual(['manifests none', 'manifests basic']);
  });

  test('without a credential: what is public is read, the rest denied after one question', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, anonymous, 'public/app'));
    expect(failureIn(await get(reading, server, anonymous)).why).toMatch(/^status 401/);
    expect(server.counts().total).toBe(2);
  });

  test('an identity token is nothing that Basic could be answered with', async () => {
    const [server, reading] = [await start(), reader()];
    expect(failureIn(await get(reading, server, identityCredential('refresh-of-ann'))).kind).toBe('denied');
    expect(seen(server)).toEqual(['manifests none']);
  });
});

describe('Bearer with a token server of the registry itself', () => {
  const start = (options: object = {}) =>
    startWith({ mode: 'bearer', users, anonymous: ['public/*'], ...options });

  test('a token is asked for once, for this repository and to pull, whatever the challenge says', async () => {
    const [server, reading] = [await start(), reader()];
    server.fault(
      { path: '/manifests/', times: 1 },
      challenge(
        `Bearer realm="${server.url}/token?scope=repository:secret/app:pull,push&x=1",service="the-double",scope="repository:team/app:pull,push,delete registry:catalog:*"`,
      ),
    );
    valueOf(await get(reading, server, ann));
    expect(server.tokenRequests).toMatchObject([
      {
        method: 'GET',
        credentials: 'basic',
        user: 'ann',
        service: 'the-double',
        scopes: ['repository:team/app:pull'],
        granted: ['team/app'],
      },
    ]);
    expect(seen(server)).toEqual(['manifests none', 'token basic', 'manifests bearer']);
    expect(server.requests[1]?.path).toContain('x=1');
  });

  test('the token is used again for the repository and never for another (B28)', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    valueOf(await get(reading, server, ann));
    valueOf(await get(reading, server, ann, 'team/other'));
    expect(server.tokenRequests.map(({ scopes }) => scopes[0])).toEqual([
      'repository:team/app:pull',
      'repository:team/other:pull',
    ]);
    // The way to log in is known from the first time: no request is refused any more.
    expect(seen(server).slice(3)).toEqual(['manifests bearer', 'token basic', 'manifests bearer']);
  });

  test('the token of one credential is never used for another (B28)', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    expect(failureIn(await get(reading, server, anonymous)).kind).toBe('denied');
    expect(failureIn(await get(reading, server, basicCredential('ann', 'wrong'))).kind).toBe('denied');
    expect(server.tokenRequests.map(({ credentials }) => credentials)).toEqual(['basic', 'none', 'basic']);
  });

  test('callers at the same time share one token', async () => {
    const [server, reading] = [await start(), reader()];
    const answers = await Promise.all(Array.from({ length: 8 }, () => get(reading, server, ann)));
    expect(answers.every(({ state }) => state === 'known')).toBe(true);
    expect(server.counts().token).toBe(1);
  });

  test('a registry that takes one request at a time gets them one after the other', async () => {
    const server = await start();
    const reading = reader([{ host: server.host, concurrency: 1 }]);
    const answers = await Promise.all([get(reading, server, ann), get(reading, server, ann, 'team/other')]);
    expect(answers.map(({ state }) => state)).toEqual(['known', 'known']);
  });

  test('a token is renewed after 80 % of its life', async () => {
    const [server, reading] = [await start({ expiresIn: 1000 }), reader()];
    valueOf(await get(reading, server, ann));
    reading.advance(790_000);
    valueOf(await get(reading, server, ann));
    expect(server.counts().token).toBe(1);
    reading.advance(20_000);
    valueOf(await get(reading, server, ann));
    expect(server.counts().token).toBe(2);
  });

  test.each<[string, object, number]>([
    ['without expires_in it lives 60 s', { expiresIn: null }, 60_000],
    ['with a life below zero it lives 60 s', { expiresIn: -5 }, 60_000],
    ['with a life of years it lives an hour', { expiresIn: 1e9 }, 3_600_000],
  ])('%s', async (_title, options, life) => {
    const [server, reading] = [await start(options), reader()];
    valueOf(await get(reading, server, ann));
    reading.advance(life * 0.8 - 3000);
    valueOf(await get(reading, server, ann));
    expect(server.counts().token).toBe(1);
    reading.advance(4000);
    valueOf(await get(reading, server, ann));
    expect(server.counts().token).toBe(2);
  });

  test('a kept token that is refused is replaced once', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    server.revokeTokens();
    server.forget();
    valueOf(await get(reading, server, ann));
    expect(seen(server)).toEqual(['manifests bearer', 'token basic', 'manifests bearer']);
  });

  test('a registry that refuses every token is denied, not asked for ever', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    server.forget();
    server.fault(
      { path: '/manifests/' },
      challenge(`Bearer realm="${server.url}/token",service="the-double"`),
    );
    expect(failureIn(await get(reading, server, ann)).kind).toBe('denied');
    // The way that was known is refused, so the road begins anew; the same login is not shown on it again.
    expect(seen(server)).toEqual(['manifests bearer', 'token basic', 'manifests bearer', 'manifests none']);
  });

  test('an identity token is exchanged by POST and is in no address', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, identityCredential('refresh-of-ann')));
    expect(server.tokenRequests).toMatchObject([
      {
        method: 'POST',
        credentials: 'identity-token',
        user: 'ann',
        account: 'imagegate',
        scopes: ['repository:team/app:pull'],
      },
    ]);
    expect(server.requests.map(({ path }) => path).join(' ')).not.toContain('refresh-of-ann');
    expect(failureIn(await get(reading, server, identityCredential('stale-secret'))).why).not.toContain(
      'stale-secret',
    );
  });

  test('an identity token is exchanged for the right to read, whatever scope its realm holds', async () => {
    const [server, reading] = [await start(), reader()];
    const realm = `${server.url}/token?scope=repository:secret/app:pull,push&x=1`;
    server.fault({ path: '/v2/', times: 1 }, challenge(`Bearer realm="${realm}",service="the-double"`));
    valueOf(await get(reading, server, identityCredential('refresh-of-ann')));
    expect(server.requests.map(({ path }) => path).join(' ')).not.toContain('secret/app');
    expect(server.tokenRequests).toMatchObject([{ method: 'POST', scopes: ['repository:team/app:pull'] }]);
  });

  test('a registry token goes along as it is, and no token server is asked', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, ann));
    const token = server.requests.at(-1)?.headers.authorization?.slice('Bearer '.length) ?? '';
    server.forget();
    valueOf(await get(reader(), server, bearerCredential(token)));
    expect(failureIn(await get(reader(), server, bearerCredential('no-such'))).kind).toBe('denied');
    expect(seen(server)).toEqual(['manifests bearer', 'manifests bearer']);
  });

  test('without a credential a token is asked for anonymously', async () => {
    const [server, reading] = [await start(), reader()];
    valueOf(await get(reading, server, anonymous, 'public/app'));
    expect(server.tokenRequests).toMatchObject([{ credentials: 'none' }]);
    expect(failureIn(await get(reading, server, anonymous)).kind).toBe('denied');
  });

  test('a token is paid for by the review that waited for it', async () => {
    const [server, reading] = [await start(), reader()];
    expect(failureIn(await get(reading, server, ann, 'team/app', budgetOf(10)))).toMatchObject({
      kind: 'limit',
      stage: 'token',
    });
  });

  test.each<[string, (server: FakeRegistry) => void, string, RegExp]>([
    [
      'refuses',
      (server) => server.fault({ path: '/token' }, status(403)),
      'denied',
      /^status 403 \(UNKNOWN: 403 on purpose\): the token server .* gave no token$/,
    ],
    [
      'knows no such namespace (Scaleway)',
      (server) => server.fault({ path: '/token' }, status(404)),
      'denied',
      /status 404/,
    ],
    [
      'is out of order',
      (server) => server.fault({ path: '/token' }, status(500)),
      'unreachable',
      /status 500/,
    ],
    ['is pressed', (server) => server.fault({ path: '/token' }, status(429)), 'paced', /status 429/],
    [
      'sends no JSON',
      (server) =>
        server.fault({ path: '/token' }, ({ send }) =>
          send({ status: 200, headers: {}, body: Buffer.from('<html>') }),
        ),
      'invalid',
      /it is not JSON/,
    ],
    [
      'sends no token',
      (server) =>
        server.fault({ path: '/token' }, ({ send }) =>
          send({ status: 200, headers: {}, body: Buffer.from('{"token":""}') }),
        ),
      'invalid',
      /holds no token/,
    ],
    [
      'sends a token with a line break',
      (server) =>
        server.fault({ path: '/token' }, ({ send }) =>
          send({ status: 200, headers: {}, body: Buffer.from(String.raw`{"token":"a\r\nx: y"}`) }),
        ),
      'invalid',
      /characters/,
    ],
    [
      'sends a packed answer',
      (server) =>
        server.fault({ path: '/token' }, ({ send }) =>
          send({ status: 200, headers: { 'content-encoding': 'gzip' }, body: Buffer.from('{}') }),
        ),
      'invalid',
      /Content-Encoding/,
    ],
    [
      'B9: sends without an end',
      (server) => server.fault({ path: '/token' }, flooding().fault),
      'limit',
      /65536|64 KiB/,
    ],
  ])('a token server that %s is a failure of the stage token', async (_title, arm, kind, why) => {
    const [server, reading] = [await start(), reader()];
    arm(server);
    const failure = failureIn(await get(reading, server, ann));
    expect(failure).toMatchObject({ kind, stage: 'token' });
    expect(failure.why).toMatch(why);
    expect(failure.why).not.toMatch(/pw-of-ann/);
  });

  test('a token server that fails does not hide what everybody may read', async () => {
    const [server, reading] = [await startWith({ mode: 'bearer', users }), reader()];
    valueOf(await get(reading, server, ann));
    server.fault({ path: '/token' }, status(403));
    server.fault({ path: '/public/app/manifests/' }, (exchange) =>
      exchange.send({ status: 200, headers: { 'content-type': web.mediaType }, body: web.bytes }),
    );
    valueOf(await get(reading, server, ann, 'public/app'));
  });
});
