import { describe, expect, test } from 'vitest';
import { allOf, basic, keychainInMemory, describeOffers } from '../../../test/fakes/credentials.ts';
import { known, unavailable } from '../../core/facts/fact.ts';
import type { Keychain } from '../ports.ts';

describe('a cloud credential', () => {
  const answer = (username: string, expires: number) => () =>
    Promise.resolve(known({ secret: basic(username), expires }));
  const cloudOf = async (keychain: Keychain, name = 'r.cloud.example.com/app') =>
    describeOffers(await allOf(keychain, name, undefined))[0];

  test('serves until 80 % of its life are over, for its host only (B28)', async () => {
    const { cloud, keychain, clock } = keychainInMemory();
    cloud.answer = answer('first', clock.now() + 10_000);
    await Promise.all(Array.from({ length: 20 }, () => cloudOf(keychain)));
    clock.advance(7999);
    expect([await cloudOf(keychain), cloud.calls]).toEqual(['cloud identity (ECR): first', 1]);
    await cloudOf(keychain, 'other.cloud.example.com/app');
    expect(cloud.calls).toBe(2);
    clock.advance(2);
    cloud.answer = answer('second', clock.now() + 10_000);
    expect([await cloudOf(keychain), cloud.calls]).toEqual(['cloud identity (ECR): second', 3]);
    expect(await cloudOf(keychain, 'x.example.com/app')).toBe('anonymous');
  });

  test('that is not renewed in time is used to its end, and not beyond', async () => {
    const { cloud, keychain, clock } = keychainInMemory();
    cloud.answer = answer('first', clock.now() + 10_000);
    await cloudOf(keychain);
    cloud.answer = () => Promise.resolve(unavailable('ECR', 'no answer'));
    clock.advance(9000);
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): first');
    clock.advance(1001);
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): (no answer)');
  });

  test('that failed is asked for again after a second', async () => {
    const { cloud, keychain, clock } = keychainInMemory();
    cloud.answer = () => Promise.resolve(unavailable('ECR', 'no answer'));
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): (no answer)');
    cloud.answer = answer('ann', clock.now() + 10_000);
    clock.advance(999);
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): (no answer)');
    clock.advance(2);
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): ann');
  });

  test.each([
    ['in the past', -1],
    ['at no time', Number.NaN],
  ])('that expires %s is none', async (_title, offset) => {
    const { cloud, keychain, clock } = keychainInMemory();
    cloud.answer = answer('ann', clock.now() + offset);
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): (it had expired when it came)');
  });

  test('is fetched for one namespace while another asks for more than there is capacity for (R26)', async () => {
    const { cloud, keychain, clock } = keychainInMemory();
    const { promise, resolve } = Promise.withResolvers<void>();
    const ready = answer('ann', clock.now() + 10_000);
    cloud.answer = () => promise.then(ready);
    const from = (namespace: string, name: string) =>
      allOf(keychain, name, { namespace, pullSecrets: [] }).then((found) => describeOffers(found).at(-2));
    const flood = Array.from({ length: 200 }, (_, at) =>
      from('flood', `r${String(at)}.cloud.example.com/app`),
    );
    await new Promise((done) => setImmediate(done));
    const honest = from('shop', 'r.cloud.example.com/app');
    await new Promise((done) => setImmediate(done));
    resolve();
    expect(await honest).toBe('cloud identity (ECR): ann');
    const outcomes = await Promise.all(flood);
    expect(outcomes).toContain('cloud identity (ECR): ann');
    expect(outcomes.at(-1)).toContain('all that one namespace gets are under way');
  });

  test('whose source throws is reported without the words of the error (B37)', async () => {
    const { cloud, keychain } = keychainInMemory();
    cloud.answer = () => Promise.reject(new Error('s3cret-text'));
    expect(await cloudOf(keychain)).toBe('cloud identity (ECR): (the look-up failed unexpectedly)');
  });
});
