import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../../test/fakes/claims.ts';
import { readPolicy } from './schema.ts';

const { pem } = signingKey();
const release = { name: 'release', key: { pem } };

const read = (checks: readonly object[]) =>
  readPolicy({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: 'p' },
    spec: { checks },
  });
const problems = (signature: object, ...others: readonly object[]): readonly string[] => {
  const result = read([{ signature }, ...others]);
  return result.ok ? [] : result.error.map(({ path, message }) => `${path.slice(3).join('.')}: ${message}`);
};

test('a key is all that must be written', () => {
  expect(read([{ signature: { authorities: [release] } }])).toMatchObject({
    ok: true,
    value: { spec: { checks: [{ signature: { threshold: 1, authorities: [release] } }] } },
  });
});

describe('S9: what nobody could satisfy, or what says nothing, is refused', () => {
  test.each([
    ['no authority', { authorities: [] }, 'signature.authorities: must not be empty'],
    ['no list', {}, 'signature.authorities: missing field "authorities"'],
    ['threshold 0', { threshold: 0, authorities: [release] }, 'signature.threshold: must be at least 1'],
    [
      'a threshold over the authorities',
      { threshold: 2, authorities: [release] },
      'signature.threshold: 2 is more than the 1 that `authorities` names, so no image could pass',
    ],
    [
      'a threshold that is no whole number',
      { threshold: 1.5, authorities: [release] },
      'signature.threshold: expected a whole number, found a number',
    ],
    ['no key', { authorities: [{ name: 'a' }] }, 'signature.authorities.0.key: missing field "key"'],
    [
      'a key that is none',
      { authorities: [{ name: 'a', key: { pem: 'cosign.pub' } }] },
      'signature.authorities.0.key.pem: must be a PEM block of type PUBLIC KEY',
    ],
    [
      'two authorities of one name',
      { authorities: [release, release] },
      'signature.authorities.1.name: "release" is the name of another authority of this check',
    ],
    [
      'a name with spaces',
      { authorities: [{ ...release, name: 'a b' }] },
      'signature.authorities.0.name: "a b" must be',
    ],
  ])('%s', (_title, signature, want) => {
    expect(problems(signature)).toEqual([expect.stringContaining(want)]);
  });
});

describe('digest.pin: false', () => {
  const signature = { authorities: [release] };
  test('is legal beside a check that pins by itself', () => {
    expect(problems(signature, { digest: { pin: false } })).toEqual([]);
  });
  test('is refused elsewhere: it would check nothing', () => {
    const result = read([{ digest: { pin: false } }]);
    expect(result).toMatchObject({ ok: false, error: [{ path: ['spec', 'checks', 0, 'digest'] }] });
  });
  test('is refused when it is left empty', () => {
    expect(problems(signature, { digest: { pin: null } })).toEqual([
      'digest.pin: expected true or false, found nothing',
    ]);
  });
});
