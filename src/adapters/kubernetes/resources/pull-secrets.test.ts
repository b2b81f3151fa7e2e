import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientOf } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { allOf, standingClock, describeOffers } from '../../../../test/fakes/credentials.ts';
import { configuredInOrder } from '../../../evidence/credential/configured.ts';
import { createKeychain } from '../../../evidence/credential/keychain.ts';
import type { PullSecrets } from '../../../evidence/ports.ts';
import type { ApiClient } from '../client/client.ts';
import { createPullSecrets } from './pull-secrets.ts';

let api: FakeApiServer;
let client: ApiClient;
let secrets: PullSecrets;
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api, 3_000);
  secrets = createPullSecrets(client);
});
afterEach(async () => {
  client.close();
  await api.close();
});

const never = new AbortController().signal;
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const config = JSON.stringify({ auths: { 'r.example.com': { username: 'ann', password: 's3cret-text' } } });
const put = (name: string, type: string, data: object, namespace = 'shop'): void =>
  void api.put('secrets', { metadata: { name, namespace }, type, data });
const paths = (): readonly string[] => api.requests.map(({ verb, path }) => `${verb} ${path}`);

describe('a pull secret', () => {
  test.each([
    [
      'of the type of docker login',
      'kubernetes.io/dockerconfigjson',
      '.dockerconfigjson',
      'dockerconfigjson',
    ],
    ['of the legacy type', 'kubernetes.io/dockercfg', '.dockercfg', 'dockercfg'],
  ])('%s is read by one GET', async (_title, type, key, form) => {
    put('regcred', type, { [key]: base64(config) });
    expect(await secrets.secret('shop', 'regcred', never)).toEqual({
      state: 'known',
      value: { type: form, text: config },
    });
    expect(paths()).toEqual(['get /api/v1/namespaces/shop/secrets/regcred']);
  });

  test('with more values than any Secret has is not parsed, and is no Secret that is not there (R24)', async () => {
    const more = Object.fromEntries(Array.from({ length: 31_000 }, (_, at) => [`k${String(at)}`, '']));
    put('regcred', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(config), ...more });
    expect(await secrets.secret('shop', 'regcred', never)).toMatchObject({
      state: 'unavailable',
      why: { why: expect.stringContaining('it holds more than 30000 values') as string },
    });
  });

  test.each([
    ['of no type', 'Opaque', { '.dockerconfigjson': base64(config) }],
    [
      'that is the token of a service account',
      'kubernetes.io/service-account-token',
      { token: base64('s3cret-text') },
    ],
    ['with the data of the other type', 'kubernetes.io/dockercfg', { '.dockerconfigjson': base64(config) }],
    ['without data', 'kubernetes.io/dockerconfigjson', {}],
    ['called like what every object inherits', 'constructor', { '.dockerconfigjson': base64(config) }],
  ])('%s is none, as to the kubelet (B29)', async (_title, type, data) => {
    put('regcred', type, data);
    expect(await secrets.secret('shop', 'regcred', never)).toEqual({ state: 'absent' });
  });

  test('that is not there is absent', async () => {
    expect(await secrets.secret('shop', 'regcred', never)).toEqual({ state: 'absent' });
  });

  test('of another namespace is not found, however its name is written (B29)', async () => {
    put('token', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(config) }, 'kube-system');
    expect(await secrets.secret('shop', 'token', never)).toEqual({ state: 'absent' });
    const climbing = [
      '../../kube-system/secrets/token',
      'kube-system/token',
      '..',
      '.',
      '',
      'token?x=',
      '%2e%2e',
    ];
    for (const name of climbing) {
      expect(await secrets.secret('shop', name, never)).toEqual({ state: 'absent' });
      expect(await secrets.secret(name, 'token', never)).toEqual({ state: 'absent' });
    }
    expect(paths()).toEqual(['get /api/v1/namespaces/shop/secrets/token']);
  });

  test.each([
    [
      'no UTF-8',
      () =>
        put('regcred', 'kubernetes.io/dockerconfigjson', {
          '.dockerconfigjson': base64(Buffer.from([0xff])),
        }),
      /^it holds no UTF-8 text$/,
    ],
    [
      'more than any Secret (B9)',
      () => put('regcred', 'kubernetes.io/dockerconfigjson', { x: 's3cret-text'.repeat(400_000) }),
      /bytes/,
    ],
    [
      'an answer that is no JSON',
      () => void api.fault({ badJson: true }),
      /did not answer with a JSON object/,
    ],
    ['a server that fails', () => void api.fault({ answer: 500 }), /fault 500/],
    ['a server that hangs', () => void api.fault({ hang: true }), /did not answer in time/],
    ['a connection that is cut', () => void api.fault({ cut: true }), /closed the connection/],
  ])('behind %s could not be looked at', async (_title, prepare, why) => {
    prepare();
    const fact = await secrets.secret('shop', 'regcred', never);
    expect(fact).toMatchObject({ state: 'unavailable', why: { why: expect.stringMatching(why) as string } });
    expect(JSON.stringify(fact)).not.toContain('s3cret-text');
  });

  test('that RBAC does not let the gate read: the command that grants it', async () => {
    put('regcred', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(config) });
    api.fault({ forbidden: true });
    expect(await secrets.secret('shop', 'regcred', never)).toMatchObject({
      state: 'unavailable',
      why: {
        why: 'RBAC forbids it: `imagegate manifests --pull-secrets shop` grants it',
      },
    });
  });

  test('is not waited for beyond the deadline', async () => {
    api.fault({ hang: true });
    expect(await secrets.secret('shop', 'regcred', AbortSignal.timeout(5))).toMatchObject({
      state: 'unavailable',
    });
  });
});

describe('a service account', () => {
  test('names its pull secrets', async () => {
    const imagePullSecrets = [{ name: 'a' }, { name: 7 }, null, {}, { name: '' }, { name: 'b' }];
    api.put('serviceaccounts', { metadata: { name: 'puller', namespace: 'shop' }, imagePullSecrets });
    api.put('serviceaccounts', { metadata: { name: 'default', namespace: 'shop' } });
    expect(await secrets.serviceAccount('shop', 'puller', never)).toEqual({
      state: 'known',
      value: ['a', 'b'],
    });
    expect(await secrets.serviceAccount('shop', 'default', never)).toEqual({ state: 'known', value: [] });
    expect(await secrets.serviceAccount('shop', 'gone', never)).toEqual({ state: 'absent' });
  });

  test('that may not be read: the command that grants it', async () => {
    api.fault({ forbidden: true });
    expect(await secrets.serviceAccount('shop', 'puller', never)).toMatchObject({
      why: {
        why: expect.stringMatching(/^RBAC forbids it: .*--pull-secrets shop/) as string,
      },
    });
  });
});

describe('the keychain over a cluster (B29)', () => {
  const keychain = () =>
    createKeychain({
      pullSecrets: secrets,
      configured: configuredInOrder([]),
      cloud: [],
      clock: standingClock(),
    });

  test('finds the secret of the Pod and that of its service account, and lists or watches nothing', async () => {
    put('regcred', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(config) });
    put('team', 'kubernetes.io/dockercfg', {
      '.dockercfg': base64(JSON.stringify({ 'r.example.com': { username: 'bob', password: 'x' } })),
    });
    api.put('serviceaccounts', {
      metadata: { name: 'puller', namespace: 'shop' },
      imagePullSecrets: [{ name: 'team' }],
    });
    const context = { namespace: 'shop', pullSecrets: ['regcred'], serviceAccount: 'puller' };
    expect(describeOffers(await allOf(keychain(), 'r.example.com/app', context))).toEqual([
      'pull secret shop/regcred: ann',
      'service account shop/puller, secret team: bob',
      'anonymous',
    ]);
    expect(new Set(api.requests.map(({ verb }) => verb))).toEqual(new Set(['get']));
  });

  test('refuses the name of a secret elsewhere before anything is sent', async () => {
    put('token', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(config) }, 'kube-system');
    const context = {
      namespace: 'shop',
      pullSecrets: ['../../kube-system/secrets/token', 'kube-system/token'],
    };
    const found = await allOf(keychain(), 'r.example.com/app', context);
    expect(found.filter(({ state }) => state === 'at-hand')).toHaveLength(1);
    expect(paths()).toEqual(['get /api/v1/namespaces/shop/serviceaccounts/default']);
  });
});
