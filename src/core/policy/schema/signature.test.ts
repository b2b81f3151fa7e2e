import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../../test/fakes/claims.ts';
import { policyDocuments, readObjects } from '../load/document.ts';
import { readPolicy } from './schema.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';

const { pem } = signingKey();
const release = { name: 'release', key: { pem } };

const read = (checks: readonly object[]) =>
  readPolicy(
    {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: { checks },
    },
    anyExpression,
  );
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
    [
      'an authority that is nobody',
      { authorities: [{ name: 'a' }] },
      'signature.authorities.0: names nobody: add one of key, keyless, certificate',
    ],
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

const issuer = 'https://token.actions.githubusercontent.com';
const byGithub = (more: object = {}, authority: object = {}) => ({
  authorities: [
    {
      name: 'ci',
      keyless: { identities: [{ issuer, subject: 'https://github.com/acme/**@refs/tags/*', ...more }] },
      ...authority,
    },
  ],
});
const byCa = (certificate: object) => ({ authorities: [{ name: 'partner', certificate }] });
const withKey = (more: object, check: object = {}) => ({ authorities: [{ ...release, ...more }], ...check });

describe('what an authority may be', () => {
  test.each([
    ['keyless, of the public Sigstore', byGithub()],
    [
      'keyless, with fields of the certificate',
      byGithub({ sourceRepositoryOwnerUri: 'https://github.com/acme' }),
    ],
    ['keyless, dated by a timestamp alone', byGithub({}, { require: { logs: 0, timestamps: 1 } })],
    [
      'a certificate of a plain CA',
      byCa({ trustRoot: 'partner', identities: [{ subject: '*@partner.example' }] }),
    ],
    [
      'a name by a regular expression',
      byCa({ trustRoot: 'partner', identities: [{ subjectRegex: '.*@x' }] }),
    ],
    [
      'a key for a time',
      withKey({ validFrom: '2026-01-01T00:00:00Z', validUntil: '2027-01-31T00:00:00+01:00' }),
    ],
    ['a key with timestamps', withKey({ require: { timestamps: 1, trustRoot: 'acme' } }, { maxAge: '30d' })],
    [
      'other places and names',
      withKey({}, { locations: ['image', 'sigs.io/{path}'], signedAs: '{host}/{path}' }),
    ],
    ['signed annotations', withKey({}, { annotations: { stage: 'release' } })],
    ['what does not count any more', withKey({}, { revoked: { images: [`sha256:${'a'.repeat(64)}`] } })],
  ])('%s', (_title, signature) => expect(problems(signature)).toEqual([]));

  test('an unquoted time of YAML is a text', () => {
    const file = readObjects(
      `apiVersion: imagegate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: p }\nspec:\n  checks:\n    - signature:\n` +
        `        authorities:\n          - { name: a, key: { pem: ${JSON.stringify(pem)} }, validFrom: 2026-01-01T00:00:00Z }\n`,
      'p.yaml',
      [policyDocuments(anyExpression)],
    );
    expect(file.ok ? [] : file.error).toEqual([]);
  });
});

describe('S9: what nobody can prove, or what would let in others, is refused', () => {
  const at = 'signature.authorities.0';
  const identity = `${at}.keyless.identities.0`;
  const noIssuer = { authorities: [{ name: 'ci', keyless: { identities: [{ subject: 'x' }] } }] };
  test.each([
    [
      'two kinds',
      byGithub({}, { key: { pem } }),
      `${at}: names key and keyless: write one authority for each`,
    ],
    [
      'no identity',
      byCa({ trustRoot: 'partner', identities: [] }),
      `${at}.certificate.identities: must not be empty`,
    ],
    ['no identities', byCa({ trustRoot: 'partner' }), `${at}.certificate.identities: missing field`],
    ['no issuer', noIssuer, `${identity}.issuer: missing field "issuer"`],
    [
      'an issuer with a wildcard',
      byGithub({ issuer: 'https://*' }),
      `${identity}.issuer: an issuer is compared exactly`,
    ],
    [
      'a name and an expression',
      byGithub({ subjectRegex: '.*' }),
      `${identity}: write \`subject\` or \`subjectRegex\``,
    ],
    [
      'an issuer and no name',
      { authorities: [{ name: 'ci', keyless: { identities: [{ issuer }] } }] },
      `${identity}: names nobody`,
    ],
    ['a loose wildcard', byGithub({ subject: 'https://github.com/acme**' }), 'stands for whole components'],
    [
      'an expression that is none',
      byCa({ trustRoot: 'x', identities: [{ subjectRegex: '(' }] }),
      'no regular expression',
    ],
    [
      'a distinguished name that names a place',
      byCa({ trustRoot: 'x', identities: [{ dn: 'C=DE' }] }),
      `${at}.certificate.identities.0.dn: "C=DE": names nobody`,
    ],
    [
      'a certificate of nobody',
      byCa({ trustRoot: 'x', identities: [{}] }),
      `${at}.certificate.identities.0: names nobody: add \`subject\` or \`subjectRegex\``,
    ],
    ['a condition that is left empty', byGithub({ runnerEnvironment: null }), 'expected text, found nothing'],
    [
      'keyless with neither log nor timestamp',
      byGithub({}, { require: { logs: 0 } }),
      `${at}.require: a keyless certificate is valid for minutes`,
    ],
    [
      'certificates of the public Sigstore without an issuer',
      byCa({ trustRoot: 'sigstore', identities: [{ subject: 'x@y' }] }),
      `${at}.certificate.trustRoot: certificates of "sigstore" need an issuer`,
    ],
    [
      'certificate logs of a key',
      withKey({ require: { sct: 1 } }),
      `${at}.require.sct: a key has no certificate`,
    ],
    [
      'an age without a time',
      withKey({}, { maxAge: '30d' }),
      `${at}: nothing dates what it signs, and \`maxAge\``,
    ],
    [
      'times the wrong way round',
      withKey({ validFrom: '2027-01-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' }),
      `${at}.validUntil: is not after \`validFrom\``,
    ],
    [
      'a date without a time',
      withKey({ validUntil: '2027-01-01' }),
      `${at}.validUntil: "2027-01-01": must be a time`,
    ],
    ['nine logs', withKey({ require: { logs: 9 } }), `${at}.require.logs: must be at most 8`],
    [
      'a place without a host',
      withKey({}, { locations: ['sigs/{path}'] }),
      'signature.locations.0: "sigs/{path}": must be',
    ],
    [
      'a place with a tag',
      withKey({}, { locations: ['a.io/{path}:x'] }),
      'must be a repository with its host',
    ],
    [
      'a place with an unknown word',
      withKey({}, { locations: ['a.io/{tag}'] }),
      'must be a repository with its host',
    ],
    ['revoking nothing', withKey({}, { revoked: {} }), 'signature.revoked: revokes nothing'],
    [
      'revoking images by sha512',
      withKey({}, { revoked: { images: [`sha512:${'a'.repeat(128)}`] } }),
      'must be a sha256',
    ],
    [
      'revoking certificates by sha512',
      withKey({}, { revoked: { certificates: [`sha512:${'a'.repeat(128)}`] } }),
      'must be a sha256',
    ],
    ['revoking what is no digest', withKey({}, { revoked: { images: ['web:1'] } }), 'the digest algorithm'],
    ['no annotation', withKey({}, { annotations: {} }), 'signature.annotations: asks for nothing'],
  ])('%s', (_title, signature, want) => {
    expect(problems(signature)).toEqual([expect.stringContaining(want)]);
  });
});

describe('R5: what this version cannot do yet is refused by name', () => {
  test.each([
    [
      'Notation',
      { authorities: [{ name: 'n', notation: { trustRoot: 'acme' } }] },
      'authorities of Notation',
    ],
    ['a key of a KMS', { authorities: [{ name: 'k', key: { kms: 'awskms:///x', pem } }] }, 'keys of a KMS'],
  ])('%s', (_title, signature, what) => {
    expect(problems(signature)).toEqual([
      expect.stringMatching(
        new RegExp(`this version cannot run ${what}.*; remove it, or run a version that can`),
      ),
    ]);
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
