import { expect, test } from 'vitest';
import { githubIssuer, signingKey } from '../../../test/fakes/claims.ts';
import { policy } from '../../../test/fakes/policy-set.ts';
import { lintTrustRoots } from './lint.ts';

const key = { name: 'a', key: { pem: signingKey().pem } };
const keyless = { keyless: { identities: [{ issuer: githubIssuer, subject: 'x@y' }] } };
const asked = (authority: object) => [policy('p', { checks: [{ signature: { authorities: [authority] } }] })];
const unused = (names: readonly string[], authority: object) =>
  lintTrustRoots(names, asked(authority)).map(({ trustRoot }) => trustRoot);

test.each([
  ['a root that no policy names', ['acme'], key, ['acme']],
  ['the root of keyless, where nothing is said', ['sigstore', 'acme'], { name: 'a', ...keyless }, ['acme']],
  ['the root that dates a key', ['sigstore'], { ...key, require: { logs: 1 } }, []],
  ['a key that nothing dates asks none', ['sigstore'], key, ['sigstore']],
  ['the root that is named', ['acme'], { ...key, require: { trustRoot: 'acme', timestamps: 1 } }, []],
  ['no root', [], key, []],
])('%s', (_title, names, authority, want) => expect(unused(names, authority)).toEqual(want));
