import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { allOf, keychainInMemory, login, describeOffers } from '../../../test/fakes/credentials.ts';

const app = 'r.cloud.example.com/team/app';
const registry = 'r.cloud.example.com';
const shop = (...pullSecrets: string[]) => ({ namespace: 'shop', pullSecrets });

describe('secrets are read from the namespace of the Pod alone (B29)', () => {
  test.each([
    ['another namespace', 'kube-system/token'],
    ['another namespace by climbing', '../../kube-system/secrets/token'],
    ['two dots', '..'],
    ['an absolute path', '/token'],
    ['an escape', '%2e%2e%2ftoken'],
    ['a query', 'token?namespace=kube-system'],
    ['capital letters', 'Token'],
    ['a line break', 'token\nx'],
    ['nothing', ''],
    ['more than a name can have', 'a'.repeat(254)],
  ])('a name with %s is refused and never asked for', async (_title, name) => {
    const { secrets, keychain } = keychainInMemory();
    secrets.put('kube-system/token', { [registry]: login('root') });
    secrets.putAccount('shop/puller', [name]);
    const direct = await allOf(keychain, app, shop(name));
    const byAccount = await allOf(keychain, app, { ...shop(), serviceAccount: 'puller' });
    for (const [first] of [direct, byAccount]) {
      expect(first).toMatchObject({ state: 'missing', why: expect.stringContaining('never read') as string });
      expect(JSON.stringify(first)).not.toContain('\\n');
    }
    expect(secrets.asked.filter((asked) => asked.startsWith('secret'))).toEqual([]);
  });

  test.each(['', '../kube-system', 'Shop', 'a/b', 'a'.repeat(64)])(
    'nothing is read in the namespace %j',
    async (namespace) => {
      const { secrets, keychain } = keychainInMemory();
      const [first] = await allOf(keychain, app, { namespace, pullSecrets: ['a'] });
      expect(first).toMatchObject({ state: 'missing', why: 'it belongs to no namespace' });
      expect(secrets.asked).toEqual([]);
    },
  );

  test('a service account cannot lead to another namespace either', async () => {
    const { secrets, keychain } = keychainInMemory();
    const found = await allOf(keychain, app, { ...shop(), serviceAccount: '../kube-system/x' });
    expect(found[0]).toMatchObject({ state: 'missing', kind: 'service-account' });
    expect(secrets.asked).toEqual([]);
  });

  test.each([[['shop', 'bank']], [['bank', 'shop']]])(
    'secrets of one name in two namespaces are not mixed up, in the order %j',
    async (namespaces) => {
      const { secrets, keychain } = keychainInMemory();
      for (const namespace of namespaces)
        secrets.put(`${namespace}/regcred`, { [registry]: login(`of-${namespace}`) });
      for (const namespace of namespaces) {
        const [first] = await allOf(keychain, app, { namespace, pullSecrets: ['regcred'] });
        expect(first).toMatchObject({ credential: { secret: { username: `of-${namespace}` } } });
      }
    },
  );

  test('what one namespace has read is not there for another that has no such secret', async () => {
    const { secrets, keychain } = keychainInMemory();
    secrets.put('shop/regcred', { [registry]: login('ann') });
    await allOf(keychain, app, shop('regcred'));
    const found = await allOf(keychain, app, { namespace: 'bank', pullSecrets: ['regcred'] });
    expect(describeOffers(found)[0]).toBe(
      'pull secret bank/regcred: (there is no such Secret with a docker config in the namespace)',
    );
    expect(JSON.stringify(found)).not.toContain('ann');
  });
});

/** Attack (R24): 64 images of a Pod that names sixteen Secrets, all of them full. */
test.each<[string, (at: number) => string, number]>([
  ['keys without a star', (at) => `r${String(at)}.example.com/team/app`, 1024],
  ['keys with many stars', (at) => `${'*a'.repeat(20)}*.${'*a'.repeat(20)}*.n${String(at)}.example.com`, 64],
])('full Secrets of %s keep nobody waiting', async (_title, keyOf, count) => {
  const { keychain, secrets } = keychainInMemory();
  const names = Array.from({ length: 16 }, (_, at) => `s${String(at)}`);
  const keys = Array.from({ length: count }, (_, at) => [keyOf(at), login('ann')]);
  for (const name of names) secrets.put(`shop/${name}`, Object.fromEntries(keys) as object);
  const lookAt = (images: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: images }, (_, at) => {
        const host = `${'a'.repeat(60)}.${'a'.repeat(60)}.m${String(at)}.example.com`;
        return allOf(keychain, `${host}/team/app`, shop(...names));
      }),
    );
  await lookAt(1);
  let longest = 0;
  const done = new AbortController();
  const looking = lookAt(64).then(() => done.abort());
  while (!done.signal.aborted) {
    const before = process.threadCpuUsage();
    await nextRound();
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
  }
  await looking;
  // Compared one by one and in one go, 1,024 keys of 16 Secrets took a second and more.
  expect(longest).toBeLessThan(400);
});
