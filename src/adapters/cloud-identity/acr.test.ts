import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  azureExchange,
  entraId,
  startService,
  type CloudCall,
  type CloudReply,
  type CloudService,
} from '../../../test/fakes/cloud.ts';
import { createAcrIdentity, expiryOf, isAzureRegistry } from './acr.ts';
import { createCloudHttp } from './cloud-http.ts';

const folder = mkdtempSync(join(tmpdir(), 'imagegate-acr-'));
const tokenFile = join(folder, 'azure-identity-token');
afterAll(() => rmSync(folder, { recursive: true }));
const services: CloudService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});

const now = Date.UTC(2026, 0, 1);
const end = now / 1000 + 3 * 3600;
const never = new AbortController().signal;
const host = 'shop.azurecr.io';
const tenant = '11111111-2222-3333-4444-555555555555';
const jwt = (claims: object): string =>
  `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const refreshToken = jwt({ exp: end, jti: 'secret-refresh' });
const entra = { tenant, clientId: 'client', assertion: 'secret-assertion', token: 'secret-access' };
const exchange = { host, tenant, accessToken: 'secret-access', refreshToken };

type Answer = (call: CloudCall) => CloudReply | undefined;
const good: { readonly entra: Answer; readonly exchange: Answer } = {
  entra: (call) => entraId(call, entra),
  exchange: (call) => azureExchange(call, exchange),
};
const start = async (answers: Partial<typeof good> = {}) => {
  const [authority, registry] = await Promise.all([
    startService(answers.entra ?? good.entra),
    startService(answers.exchange ?? good.exchange),
  ]);
  services.push(authority, registry);
  const identity = createAcrIdentity({
    http: createCloudHttp({ timeout: 10_000 }),
    clock: { now: () => now },
    clientId: 'client',
    tenantId: tenant,
    federatedTokenFile: tokenFile,
    authorityHost: authority.url,
    registry: () => registry.url,
  });
  return { identity, authority, registry };
};
const whyOf = (fact: { readonly state: string; readonly why?: { readonly why: string } }): string =>
  fact.why?.why ?? fact.state;

describe('the Azure identity', () => {
  test('turns the token of the Pod into one of Entra ID, and that into a refresh token of the registry', async () => {
    writeFileSync(tokenFile, 'secret-assertion\n');
    const { identity } = await start();
    expect(await identity.credential(host, never)).toEqual({
      state: 'known',
      value: {
        secret: {
          kind: 'identity-token',
          username: '00000000-0000-0000-0000-000000000000',
          token: refreshToken,
        },
        expires: end * 1000,
      },
    });
  });

  test('reads the file anew each time: the kubelet replaces the token', async () => {
    writeFileSync(tokenFile, 'secret-of-yesterday');
    const { identity } = await start();
    expect((await identity.credential(host, never)).state).toBe('unavailable');
    writeFileSync(tokenFile, 'secret-assertion');
    expect((await identity.credential(host, never)).state).toBe('known');
  });

  test('assumes a short life where the registry does not say one', async () => {
    writeFileSync(tokenFile, 'secret-assertion');
    const opaque = (call: CloudCall) => azureExchange(call, { ...exchange, refreshToken: 'opaque-secret' });
    const { identity } = await start({ exchange: opaque });
    expect(await identity.credential(host, never)).toMatchObject({ value: { expires: now + 300_000 } });
  });

  test.each<[string, string, Partial<typeof good>, RegExp]>([
    ['Entra ID does not know the workload', 'secret-other', {}, /^Entra ID answered 401 \(invalid_client\)$/],
    [
      'Entra ID is down',
      'secret-assertion',
      { entra: () => ({ status: 503, body: 'secret-assertion' }) },
      /^Entra ID answered 503$/,
    ],
    [
      'Entra ID sends no token',
      'secret-assertion',
      { entra: () => ({ status: 200, body: '{"access_token":7}' }) },
      /^Entra ID answered without a usable access_token$/,
    ],
    [
      'the registry refuses the token',
      'secret-assertion',
      { exchange: (call) => azureExchange(call, { ...exchange, accessToken: 'other' }) },
      /^the token exchange of the registry answered 401 \(UNAUTHORIZED\)$/,
    ],
    [
      'the registry redirects the token elsewhere',
      'secret-assertion',
      { exchange: () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: '' }) },
      /answered 307$/,
    ],
    ['the file is empty', '', {}, /^the federated token ".*" holds no token$/],
    ['the file holds two lines', 'secret\nsecret', {}, /holds no token$/],
    ['the file is too large', 's'.repeat(64 * 1024 + 1), {}, /is larger than 64 KiB$/],
  ])('is unavailable, without a secret, when %s', async (_title, assertion, answers, why) => {
    writeFileSync(tokenFile, assertion);
    const { identity } = await start(answers);
    const fact = await identity.credential(host, never);
    expect(whyOf(fact)).toMatch(why);
    expect(JSON.stringify(fact)).not.toContain('secret-');
  });

  test('is unavailable without the file, and asks nobody', async () => {
    rmSync(tokenFile, { force: true });
    const { identity, authority } = await start();
    expect(whyOf(await identity.credential(host, never))).toMatch(/cannot be read \(ENOENT\)$/);
    expect(authority.calls).toEqual([]);
  });

  test('B26: asks nobody about a host that is no registry of Azure', async () => {
    writeFileSync(tokenFile, 'secret-assertion');
    const { identity, authority, registry } = await start();
    const fact = await identity.credential('shop.azurecr.io.evil.io', never);
    expect(whyOf(fact)).toBe('it is no registry of Azure');
    expect([...authority.calls, ...registry.calls]).toEqual([]);
  });

  test.each([
    'shop.azurecr.io',
    'shop-a1b2.azurecr.io',
    'shop.westeurope.geo.azurecr.io',
    'shop.azurecr.cn',
    'shop.azurecr.us',
  ])('covers %s', (name) => expect(isAzureRegistry(name)).toBe(true));
  test.each([
    'azurecr.io',
    'evilazurecr.io',
    'shop.azurecr.io.evil.io',
    'shop.azurecr.io:8443',
    'shop.westeurope.data.azurecr.io',
    'a.b.azurecr.io',
    'shop.azurecr.io\n',
    'mcr.microsoft.com',
  ])('B28: does not cover %j', (name) => expect(isAzureRegistry(name)).toBe(false));
});

describe('the end of a refresh token', () => {
  test('is its exp', () => expect(expiryOf(jwt({ exp: 1_767_225_600 }))).toBe(1_767_225_600_000));
  test.each([
    ['no JWT', 'opaque'],
    ['two parts', 'a.b'],
    ['four parts', `${jwt({ exp: 1 })}.x`],
    ['no JSON', 'a.b.c'],
    ['no exp', jwt({})],
    ['an exp that is text', jwt({ exp: '1767225600' })],
    ['an exp without end', `a.${Buffer.from('{"exp":1e999}').toString('base64url')}.c`],
    ['a list', `a.${Buffer.from('[1]').toString('base64url')}.c`],
    ['claims beyond any use', jwt({ exp: 1, pad: 'x'.repeat(16 * 1024) })],
  ])('is unknown in a token with %s', (_title, token) => expect(expiryOf(token)).toBeUndefined());
});

test.each([
  ['https://login.microsoftonline.com', 'shop.azurecr.io', ['shop.azurecr.cn', 'shop.azurecr.us']],
  ['https://login.chinacloudapi.cn', 'shop.azurecr.cn', ['shop.azurecr.io', 'shop.azurecr.us']],
  ['https://login.microsoftonline.us', 'shop.azurecr.us', ['shop.azurecr.io', 'shop.azurecr.cn']],
])(
  'B28: a token of %s is shown to registries of the same cloud alone',
  async (authorityHost, own, others) => {
    const identity = createAcrIdentity({
      http: { ask: () => Promise.reject(new Error('nobody is asked')) },
      clock: { now: () => now },
      clientId: 'client',
      tenantId: tenant,
      federatedTokenFile: tokenFile,
      authorityHost,
    });
    expect(identity.covers(own)).toBe(true);
    for (const other of others) {
      expect(identity.covers(other)).toBe(false);
      expect(await identity.credential(other, never)).toMatchObject({ state: 'unavailable' });
    }
  },
);
