import { afterEach, describe, expect, test } from 'vitest';
import { challenge, redirect } from '../../../../test/fakes/registry/registry-faults.ts';
import {
  anonymous,
  budgetOf,
  failureIn,
  identityCredential,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { makeRegistryCertificate } from '../../../../test/fakes/registry/registry-certificate.ts';
import {
  type FakeTokenServer,
  startFakeTokenServer,
} from '../../../../test/fakes/registry/registry-token.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import { ann, get, openLogins, seen, users } from '../../../../test/fakes/registry/registry-login.ts';

const { close, keep, startWith, reader } = openLogins();
afterEach(close);

describe('a token server on another host (B28)', () => {
  const start = async (): Promise<{
    tokens: FakeTokenServer;
    server: FakeRegistry;
    row: { host: string; plainHttp: false; ca: string };
  }> => {
    const certificate = await makeRegistryCertificate();
    const tokens = keep(await startFakeTokenServer({ users, anonymous: ['public/*'], tls: certificate }));
    const server = await startWith({ mode: 'bearer', tokenServer: tokens });
    return { tokens, server, row: { host: tokens.host, plainHttp: false, ca: certificate.ca } };
  };

  test('is asked without the credential, and the refusal says how to list it', async () => {
    const { tokens, server, row } = await start();
    const reading = reader([row]);
    const failure = failureIn(await get(reading, server, ann));
    expect(failure.kind).toBe('denied');
    expect(failure.why).toContain(
      `the login was not shown: the token server ${tokens.host} is not known to belong to ${server.host}; status 401`,
    );
    expect(failure.remedy).toContain(`list ${tokens.host} under tokenRealms of ${server.host}`);
    expect(tokens.requests.map(({ credentials, headers }) => [credentials, headers.authorization])).toEqual([
      ['none', undefined],
    ]);
  });

  test('gives its anonymous token for what is public', async () => {
    const { tokens, server, row } = await start();
    valueOf(await get(reader([row]), server, ann, 'public/app'));
    expect(tokens.requests).toMatchObject([{ credentials: 'none' }]);
  });

  test('makes ping say that the credential was not tried, not that it is good', async () => {
    const { tokens, server, row } = await start();
    const failure = failureIn(await reader([row]).registry.ping(server.host, ann, budgetOf()));
    expect(failure.kind).toBe('denied');
    expect(failure.remedy).toContain(`list ${tokens.host} under tokenRealms of ${server.host}`);
    expect((await reader([row]).registry.ping(server.host, anonymous, budgetOf())).state).toBe('known');
    const listed = reader([row, { host: server.host, tokenRealms: [tokens.host] }]);
    expect((await listed.registry.ping(server.host, ann, budgetOf())).state).toBe('known');
  });

  test('sees no identity token either', async () => {
    const { tokens, server, row } = await start();
    expect(failureIn(await get(reader([row]), server, identityCredential('refresh-of-ann'))).kind).toBe(
      'denied',
    );
    expect(tokens.requests).toMatchObject([{ method: 'GET', credentials: 'none' }]);
  });

  test('sees the credential when the row of the registry lists it', async () => {
    const { tokens, server, row } = await start();
    valueOf(await get(reader([row, { host: server.host, tokenRealms: [tokens.host] }]), server, ann));
    expect(tokens.requests).toMatchObject([{ credentials: 'basic', user: 'ann' }]);
  });

  test('is asked anew, with the credential, as soon as it is listed', async () => {
    const { tokens, server, row } = await start();
    const rows: { host: string; tokenRealms?: string[] }[] = [row];
    const reading = reader(rows);
    valueOf(await get(reading, server, ann, 'public/app'));
    rows.push({ host: server.host, tokenRealms: [tokens.host] });
    valueOf(await get(reading, server, ann, 'public/app'));
    expect(tokens.requests.map(({ credentials }) => credentials)).toEqual(['none', 'basic']);
  });

  test('does not see it when the row of another registry lists it', async () => {
    const { tokens, server, row } = await start();
    failureIn(await get(reader([row, { host: '127.0.0.1:1', tokenRealms: [tokens.host] }]), server, ann));
    expect(tokens.requests.every(({ credentials }) => credentials === 'none')).toBe(true);
  });

  test('is passed over when the registry itself takes the password by Basic', async () => {
    const { tokens, row } = await start();
    const server = await startWith({ mode: 'basic', users });
    server.fault(
      { path: '/manifests/', times: 1 },
      challenge(`Bearer realm="${tokens.realm}",service="s", Basic realm="r"`),
    );
    valueOf(await get(reader([row]), server, ann));
    expect(tokens.requests).toEqual([]);
  });

  test.each<[string, (server: FakeRegistry) => string, RegExp]>([
    ['over plain HTTP on another host', () => 'Bearer realm="http://127.0.0.2:1/token"', /plain HTTP/],
    ['as no address', () => 'Bearer realm="token"', /no readable address/],
    ['behind a user', ({ host }) => `Bearer realm="https://ann@${host}/token"`, /holds a user/],
  ])('that is named %s is not asked', async (_title, header, why) => {
    const server = await startWith({ mode: 'none' });
    server.fault({}, challenge(header(server)));
    const failure = failureIn(await get(reader(), server, ann));
    expect(failure).toMatchObject({ kind: 'refused', stage: 'token', host: server.host });
    expect(failure.why).toMatch(why);
  });

  test('that redirects an identity token is not followed with it', async () => {
    const [server, thief] = [
      await startWith({ mode: 'bearer', users }),
      keep(await startFakeTokenServer({ users, address: '127.0.0.2' })),
    ];
    server.fault({ path: '/token' }, redirect(thief.realm, 307));
    expect(failureIn(await get(reader(), server, identityCredential('refresh-of-ann'))).kind).toBe('invalid');
    expect(thief.requests).toEqual([]);
  });

  test('that redirects loses the password on the way', async () => {
    const [server, thief] = [
      await startWith({ mode: 'bearer', users }),
      keep(await startFakeTokenServer({ users, address: '127.0.0.2' })),
    ];
    server.fault({ path: '/token' }, redirect(`${thief.url}{path}`, 307));
    failureIn(await get(reader(), server, ann));
    expect(thief.requests).toMatchObject([{ credentials: 'none' }]);
  });
});

describe('a challenge that is none', () => {
  test.each<[string, string | undefined, RegExp]>([
    ['is missing', undefined, /does not say how to log in/],
    ['cannot be read', 'Bearer realm="a",realm="b"', /cannot be read: it names realm twice/],
    [
      'offers other ways',
      'Negotiate, Digest realm="x", nonce="y"',
      /offers neither Basic nor Bearer to log in, but negotiate, digest/,
    ],
    ['is Bearer without a realm', 'Bearer service="x"', /offers Bearer to log in and names no token server/],
  ])('a challenge that %s is denied in words', async (_title, header, why) => {
    const server = await startWith({ mode: 'none' });
    server.fault({}, challenge(header));
    const failure = failureIn(await get(reader(), server, ann));
    expect(failure.kind).toBe('denied');
    expect(failure.why).toMatch(why);
    expect(server.counts().total).toBe(1);
  });

  test('B28: the challenge of a server behind a redirect is not the registry speaking', async () => {
    const [server, thief] = [
      await startWith({ mode: 'none' }),
      keep(await startFakeRegistry({ auth: { mode: 'basic', users }, address: '127.0.0.2' })),
    ];
    const reading = reader();
    server.fault({ path: '/manifests/' }, redirect(`${thief.url}{path}`));
    const failure = failureIn(await get(reading, server, ann));
    expect(failure.kind).toBe('denied');
    expect(failure.why).toContain(
      `the refusal came from another server, which cannot say how to log in: ${server.host} redirected to ${thief.host}`,
    );
    failureIn(await get(reading, server, ann));
    expect([...seen(server), ...seen(thief)]).not.toContain('manifests basic');
  });
});
