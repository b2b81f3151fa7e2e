import { describe, expect, test } from 'vitest';
import {
  allOf,
  basic,
  configuredWith,
  keychainInMemory,
  login,
  standingClock,
  describeOffers,
} from '../../../test/fakes/credentials.ts';
import { known } from '../../core/facts/fact.ts';
import type { CredentialOffer, Keychain } from '../ports.ts';
import { configuredInOrder } from './configured.ts';
import { createKeychain, maxCredentials } from './keychain.ts';

const app = 'r.cloud.example.com/team/app';
const registry = 'r.cloud.example.com';
const shop = (...pullSecrets: string[]) => ({ namespace: 'shop', pullSecrets });
const keyOf = (offered: CredentialOffer | undefined): string =>
  offered?.state === 'at-hand' ? offered.credential.key : 'missing';

describe('the order', () => {
  test('is pull secrets, service account, configuration, cloud, nobody', async () => {
    const { secrets, cloud, keychain, clock } = keychainInMemory(
      configuredWith({ state: 'at-hand', source: 'docker config of r', secret: basic('configured') }),
    );
    secrets.put('shop/a', { [registry]: login('a'), [`${registry}/team`]: login('a-team') });
    secrets.put('shop/b', { [registry]: login('b') });
    secrets.put('shop/c', { [registry]: login('c') });
    secrets.putAccount('shop/puller', ['c']);
    cloud.answer = () => Promise.resolve(known({ secret: basic('AWS'), expires: clock.now() + 60_000 }));
    const found = await allOf(keychain, app, { ...shop('b', 'a'), serviceAccount: 'puller' });
    expect(describeOffers(found)).toEqual([
      'pull secret shop/b: b',
      'pull secret shop/a: a-team',
      'pull secret shop/a: a',
      'service account shop/puller, secret c: c',
      'docker config of r: configured',
      'cloud identity (ECR): AWS',
      'anonymous',
    ]);
    expect(found.map((one) => (one.state === 'at-hand' ? one.credential.kind : ''))).toEqual([
      'pull-secret',
      'pull-secret',
      'pull-secret',
      'service-account',
      'configured',
      'cloud',
      'anonymous',
    ]);
  });

  test('without a context begins with the configuration', async () => {
    const { secrets, keychain } = keychainInMemory();
    expect(describeOffers(await allOf(keychain, 'other.example.com/app', undefined))).toEqual(['anonymous']);
    expect(secrets.asked).toEqual([]);
  });

  test('offers an equal credential once', async () => {
    const { secrets, keychain } = keychainInMemory(
      configuredWith({ state: 'at-hand', source: 'x', secret: basic('a') }),
    );
    for (const name of ['a', 'b']) secrets.put(`shop/${name}`, { [registry]: login('a') });
    secrets.putAccount('shop/default', ['a', 'b']);
    const found = await allOf(keychain, 'r.cloud.example.com/app', shop('a', 'b'));
    expect(describeOffers(found).filter((text) => text.endsWith(': a'))).toEqual(['pull secret shop/a: a']);
  });

  test('is walked only as far as somebody asks', async () => {
    const { secrets, cloud, keychain, configured } = keychainInMemory();
    secrets.put('shop/a', { [registry]: login('a') });
    const signal = new AbortController().signal;
    for await (const offered of keychain.offers(
      { host: registry, repository: 'app' },
      shop('a', 'b'),
      signal,
    )) {
      expect(offered.state).toBe('at-hand');
      break;
    }
    expect([secrets.asked, cloud.calls, configured.calls]).toEqual([['secret shop/a'], 0, 0]);
  });

  test('ends after sixteen credentials, for each costs a request (B9)', async () => {
    const { secrets, keychain } = keychainInMemory();
    for (let n = 0; n < 16; n += 1) {
      secrets.put(`shop/s${n}`, { [registry]: login(`a${n}`), [`${registry}/team`]: login(`b${n}`) });
    }
    const found = await allOf(keychain, app, shop(...Array.from({ length: 16 }, (_, n) => `s${n}`)));
    expect(found).toHaveLength(maxCredentials + 2);
    expect(describeOffers(found).slice(-2)).toEqual([
      'pull secret shop/s8: (16 credentials were tried already; the rest is left out)',
      'anonymous',
    ]);
  });
});

describe('the key of a credential', () => {
  const keysOf = async (keychain: Keychain, name: string, namespace: string): Promise<string> =>
    keyOf((await allOf(keychain, name, { namespace, pullSecrets: ['regcred'] }))[0]);
  const prepared = () => {
    const all = keychainInMemory();
    for (const namespace of ['shop', 'bank'])
      all.secrets.put(`${namespace}/regcred`, { '*.cloud.example.com': login('ann') });
    all.secrets.put('club/regcred', { '*.cloud.example.com': login('ann', 'other') });
    return all.keychain;
  };

  test('is equal for one secret in two namespaces, and differs for another password', async () => {
    const keychain = prepared();
    const key = await keysOf(keychain, app, 'shop');
    expect(await keysOf(keychain, app, 'bank')).toBe(key);
    expect(await keysOf(keychain, app, 'club')).not.toBe(key);
  });

  test('differs between two hosts that one entry opens (B28)', async () => {
    const keychain = prepared();
    const keys = ['a', 'b'].map((host) => keysOf(keychain, `${host}.cloud.example.com/app`, 'shop'));
    expect(new Set(await Promise.all(keys)).size).toBe(2);
  });

  test('differs from process to process and holds nothing of the secret', async () => {
    const keys = await Promise.all([keysOf(prepared(), app, 'shop'), keysOf(prepared(), app, 'shop')]);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/);
  });

  test('tells secrets apart that are written alike', async () => {
    const { secrets, keychain } = keychainInMemory();
    secrets.put('shop/a', {
      [registry]: { username: 'a', password: '","b' },
      [`${registry}/team`]: { username: 'a","', password: 'b' },
    });
    secrets.put('shop/b', {
      [registry]: { identitytoken: 'b' },
      [`${registry}/team`]: { registrytoken: 'b' },
    });
    const found = await allOf(keychain, app, shop('a', 'b'));
    const keys = found.map(keyOf).filter((key) => key !== 'missing');
    expect(keys).toHaveLength(5);
    expect(new Set(keys).size).toBe(5);
  });
});

describe('a burst', () => {
  test('of reviews reads each secret once, and again after five seconds', async () => {
    const { secrets, keychain, clock } = keychainInMemory();
    secrets.put('shop/a', { [registry]: login('ann') });
    secrets.putAccount('shop/default', ['a']);
    const release = secrets.hold();
    const burst = Promise.all(Array.from({ length: 50 }, () => allOf(keychain, app, shop('a'))));
    release();
    for (const found of await burst) expect(describeOffers(found)[0]).toBe('pull secret shop/a: ann');
    expect(secrets.asked).toEqual(['secret shop/a', 'account shop/default']);
    clock.advance(4999);
    await allOf(keychain, app, shop('a'));
    expect(secrets.asked).toHaveLength(2);
    secrets.put('shop/a', { [registry]: login('bob') });
    clock.advance(2);
    expect(describeOffers(await allOf(keychain, app, shop('a')))[0]).toBe('pull secret shop/a: bob');
  });

  test('a missing secret is missed for a second, a refusal is not kept at all', async () => {
    const { secrets, keychain, clock } = keychainInMemory();
    await allOf(keychain, app, shop('a'));
    secrets.put('shop/a', { [registry]: login('ann') });
    clock.advance(1001);
    expect(describeOffers(await allOf(keychain, app, shop('a')))[0]).toBe('pull secret shop/a: ann');
    clock.advance(5001);
    secrets.refuse('forbidden');
    expect(describeOffers(await allOf(keychain, app, shop('a')))[0]).toBe('pull secret shop/a: (forbidden)');
    secrets.refuse(undefined);
    expect(describeOffers(await allOf(keychain, app, shop('a')))[0]).toBe('pull secret shop/a: ann');
  });
});

describe('what cannot be had is reported', () => {
  test.each([
    [
      'a secret that is not there',
      undefined,
      'there is no such Secret with a docker config in the namespace',
    ],
    ['a secret that is no JSON', '{"auths": s3cret-text', 'it cannot be read: it is no JSON'],
    [
      'a secret for other registries',
      '{"auths":{"x.example.com":{"auth":"YTpi"}}}',
      `it has no entry for this image: ${app}`,
    ],
    [
      'a secret whose key cannot be read',
      '{"auths":{"https://a:s3cret-text@r.cloud.example.com":{"auth":"YTpi"}}}',
      `it has no entry for this image, and the key of entry 1 of its auths names no registry; a key is HOST, HOST:PORT or HOST/PATH: ${app}`,
    ],
    [
      'a secret whose entry is broken',
      '{"auths":{"r.cloud.example.com":{"auth":"s3cret-text"}}}',
      'its auth is not base64 of USER:PASSWORD (its entry for r.cloud.example.com)',
    ],
  ])('%s, without its text (B37)', async (_title, text, why) => {
    const { secrets, keychain } = keychainInMemory();
    if (text !== undefined) secrets.putText('shop/a', text);
    const found = await allOf(keychain, app, shop('a'));
    expect(describeOffers(found)).toEqual([
      `pull secret shop/a: (${why})`,
      'cloud identity (ECR): (this process has no such identity)',
      'anonymous',
    ]);
    expect(JSON.stringify(found)).not.toContain('s3cret-text');
  });

  test('secrets that the gate may not read: which switch and which right are missing', async () => {
    const keychain = createKeychain({ configured: configuredWith(), cloud: [], clock: standingClock() });
    const found = await allOf(keychain, app, { ...shop('a'), serviceAccount: 'puller' });
    expect(describeOffers(found)).toEqual([
      expect.stringMatching(/^pull secret shop\/a: .*--pull-secrets of serve and manifests/),
      expect.stringMatching(/^service account shop\/puller: /),
      'anonymous',
    ]);
    // A secret was named for this image; an account of its own is what nearly every Pod has.
    expect(found.map((one) => 'aside' in one && one.aside)).toEqual([false, true, false]);
    // Cut, it would say only half of it in every record.
    expect(describeOffers(found).every((text) => text.length < 128)).toBe(true);
    expect(describeOffers(await allOf(keychain, app, { ...shop(), serviceAccount: 'default' }))).toEqual([
      'anonymous',
    ]);
  });

  test('a configured credential that cannot be used', async () => {
    const { keychain } = keychainInMemory(
      configuredWith({ state: 'missing', source: 'file f', why: 'it is gone' }),
    );
    expect(describeOffers(await allOf(keychain, 'x.example.com/app', undefined))).toEqual([
      'file f: (it is gone)',
      'anonymous',
    ]);
  });

  test('a service account that is not there', async () => {
    const { keychain } = keychainInMemory();
    const found = await allOf(keychain, 'x.example.com/app', { ...shop(), serviceAccount: 'puller' });
    expect(describeOffers(found)).toEqual([
      'service account shop/puller: (there is no such service account)',
      'anonymous',
    ]);
  });
});

describe('the deadline', () => {
  test('ends the wait for a secret and offers nothing behind it; the others go on waiting', async () => {
    const { secrets, keychain, configured } = keychainInMemory();
    secrets.put('shop/a', { [registry]: login('ann') });
    const release = secrets.hold();
    const deadline = new AbortController();
    const late = allOf(keychain, app, shop('a'), deadline.signal);
    const patient = allOf(keychain, app, shop('a'));
    await expect.poll(() => secrets.asked).toEqual(['secret shop/a']);
    deadline.abort();
    expect(describeOffers(await late)).toEqual([
      'pull secret shop/a: (there was no answer within the deadline)',
    ]);
    expect(configured.calls).toBe(0);
    release();
    expect(describeOffers(await patient)[0]).toBe('pull secret shop/a: ann');
  });

  test('that is over before anything was asked offers nothing', async () => {
    const { secrets, keychain } = keychainInMemory();
    expect(await allOf(keychain, app, shop('a'), AbortSignal.abort())).toEqual([]);
    expect(secrets.asked).toEqual([]);
  });
});

test('configured sources are asked in their order', async () => {
  const one = configuredWith({ state: 'at-hand', source: 'one', secret: basic('a') });
  const two = configuredWith({ state: 'at-hand', source: 'two', secret: basic('b') });
  const { keychain } = keychainInMemory(configuredInOrder([one, two]));
  expect(describeOffers(await allOf(keychain, 'x.example.com/app', undefined))).toEqual([
    'one: a',
    'two: b',
    'anonymous',
  ]);
});
