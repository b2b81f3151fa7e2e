import { describe, expect, test } from 'vitest';
import { githubIssuer, signingKey } from '../../../../test/fakes/claims.ts';
import { policy } from '../../../../test/fakes/policy-set.ts';
import { lintPolicies } from './lint.ts';
import { judgedAt } from '../../../../test/fakes/image-facts.ts';

const key = { name: 'a', key: { pem: signingKey().pem } };
const mine = { match: { images: ['registry.example.com/shop/**'] } };
const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*';
const full = { issuer: githubIssuer, subject: workflow, sourceRepositoryOwnerUri: 'https://github.com/acme' };

const remarks = (authority: object, check: object = {}, spec: object = mine) =>
  lintPolicies(
    [policy('p', { ...spec, checks: [{ signature: { authorities: [authority], ...check } }] })],
    judgedAt,
  ).map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`);
const keyless = (identity: object, more: object = {}) => ({
  name: 'a',
  keyless: { identities: [{ ...full, ...identity }] },
  ...more,
});
const without = (field: keyof typeof full, more: object = {}) => {
  const identity = Object.fromEntries(Object.entries(full).filter(([name]) => name !== field));
  return { name: 'a', keyless: { identities: [{ ...identity, ...more }] } };
};
const byCa = (identity: object) => ({ name: 'a', certificate: { trustRoot: 'x', identities: [identity] } });

describe('remarks on who may sign', () => {
  test.each([
    [
      'S7: a workflow, and not whose build',
      without('sourceRepositoryOwnerUri'),
      'other repositories can call',
    ],
    [
      'S7: the same by an expression',
      without('sourceRepositoryOwnerUri', { subject: undefined, subjectRegex: '.*/\\.github/workflows/.*' }),
      'other repositories can call',
    ],
    [
      'S7: a pipeline of GitLab',
      without('sourceRepositoryOwnerUri', {
        subject: 'https://gitlab.com/a/b//.gitlab-ci.yml@refs/heads/main',
      }),
      'other repositories can call',
    ],
    ['anybody', byCa({ subject: '*' }), 'matches everybody'],
    ['anybody with an e-mail', byCa({ subject: '*@*' }), 'matches everybody'],
    ['anybody by an expression', byCa({ subjectRegex: '.*' }), 'matches everybody'],
    [
      'a workflow without its scheme',
      keyless({ subject: 'github.com/acme/app/x@refs/tags/*' }),
      'as https://github.com/acme/app/x@refs/tags/*',
    ],
    ['no log', keyless({}, { require: { logs: 0, timestamps: 1 } }), 'without a log nobody finds out'],
    [
      'S10: an end for all that was signed',
      { ...key, validUntil: '2027-01-01T00:00:00Z' },
      'none of its signatures counts',
    ],
  ])('%s', (_title, authority, want) => {
    const plain = JSON.parse(JSON.stringify(authority)) as object;
    expect(remarks(plain)).toEqual([expect.stringContaining(want)]);
  });

  test('a key without images may sign anything', () => {
    expect(remarks(key, {}, {})).toEqual([
      expect.stringContaining('signature.authorities.0.key: whatever the holder'),
    ]);
  });

  test.each([
    ['a workflow and its owner', keyless({}), {}],
    [
      'a workflow and its repository',
      without('sourceRepositoryOwnerUri', { sourceRepositoryUri: 'https://github.com/acme/*' }),
      {},
    ],
    [
      'a person',
      {
        name: 'a',
        keyless: { identities: [{ issuer: 'https://accounts.google.com', subject: 'a@acme.example' }] },
      },
      {},
    ],
    ['people of a domain', byCa({ subject: '*@acme.example' }), {}],
    ['a key for images of its own', key, {}],
    [
      'a key that ends, with timestamps',
      { ...key, validUntil: '2027-01-01T00:00:00Z', require: { timestamps: 1 } },
      {},
    ],
  ])('nothing is said of %s', (_title, authority, check) => expect(remarks(authority, check)).toEqual([]));

  test('nothing is said of a key whose signatures name the image', () => {
    expect(remarks(key, { signedAs: '{host}/{path}' }, {})).toEqual([]);
  });

  test('attestations are looked at like signatures', () => {
    const attestation = { predicateType: 'spdx', authorities: [key] };
    const [first] = lintPolicies([policy('p', { checks: [{ attestation }] })], judgedAt);
    expect(first?.path).toEqual(['spec', 'checks', 0, 'attestation', 'authorities', 0, 'key']);
  });

  test('B1: what was signed is pinned, unless the policy says no', () => {
    const checks = (...others: readonly object[]) => ({
      ...mine,
      checks: [{ signature: { authorities: [key] } }, { image: { user: 'NonRoot' } }, ...others],
    });
    expect(lintPolicies([policy('p', checks())], judgedAt)).toEqual([]);
    const remarked = lintPolicies([policy('p', checks({ digest: { pin: false } }))], judgedAt);
    expect(remarked.map(({ path }) => path.join('.'))).toEqual(['spec.checks.2.digest.pin']);
  });
});
