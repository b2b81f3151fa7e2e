import { describe, expect, test } from 'vitest';
import {
  attestedBy,
  claimFacts,
  companySigner,
  keylessSignature,
  platformClaims,
  rejectedFor,
  signedBy,
  signingKey,
} from '../../../test/fakes/claims.ts';
import { digestOf, otherDigest } from '../../../test/fakes/image-facts.ts';
import { shown } from '../text/shown-text.ts';
import { claimLines, claimText, rejectedText } from './claim-text.ts';
import type { ClaimCheckResult } from './claim.ts';

const { signer } = signingKey();
const key = { ...signer, fingerprint: digestOf(`sha256:${'1f3a5c7e9b2d'.padEnd(64, '0')}`) };
const candidate = digestOf(`sha256:${'c'.repeat(64)}`);

describe('what a claim says, for people', () => {
  test.each([
    ['a key', signedBy(key), `signed by key ${key.fingerprint} (simple-signing, .sig), log not checked`],
    [
      'a workflow, at the time of a log',
      keylessSignature(),
      'signed by github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2 (token.actions.githubusercontent.com) ' +
        '(bundle, referrers), at 2025-12-22T00:00:00Z (log), timestamp not checked',
    ],
    [
      'a company without a name in its certificate',
      signedBy(companySigner({ names: [] }), { checks: [] }),
      'signed by CN=Release,O=Partner (trust root partner) (simple-signing, .sig)',
    ],
    [
      'an attestation of two places',
      attestedBy(key, { sources: ['attestation-tag', 'referrers-tag'], checks: [] }),
      `slsa.dev/provenance/v1 attested by key ${key.fingerprint} (dsse, .att, fallback tag)`,
    ],
    [
      'a bare statement, by who signed the index',
      attestedBy(key, {
        form: 'statement',
        sources: ['index'],
        carrier: { kind: 'index', digest: otherDigest },
        checks: [],
      }),
      `slsa.dev/provenance/v1 attested by key ${key.fingerprint} (statement in the signed index sha256:bbbbbbbbbbbb…, index)`,
    ],
    [
      'a time that is no date',
      keylessSignature(
        {},
        { times: [{ trustRoot: 'x', from: 'log', authority: 'y', at: Infinity }], checks: [] },
      ),
      'a time that is no date',
    ],
  ])('%s', (_title, claim, want) => expect(claimText(claim)).toContain(want));

  test('S13: only what was not made is called not checked', () => {
    const outcomes = ['passed', 'failed', 'not-made'] as const;
    for (const outcome of outcomes) {
      const checks: readonly ClaimCheckResult[] = [{ check: 'log', outcome }];
      expect(claimText(signedBy(key, { checks })).includes('log not checked')).toBe(outcome === 'not-made');
    }
  });

  test('nothing of it is taken for a password where it is shown', () => {
    const text = claimText(keylessSignature());
    expect(shown(text)).toBe(text);
  });

  test('names of strangers are cut and escaped', () => {
    const names = [{ kind: 'uri', value: `https://x/${'y'.repeat(10_000)}\u001b[2J` }] as const;
    const text = claimText(keylessSignature({ names, issuer: 'z'.repeat(10_000) }));
    expect(text.length).toBeLessThan(400);
    expect(text).not.toContain('\u001b');
  });
});

test('a candidate that says nothing is named with the cause', () => {
  expect(rejectedText(rejectedFor('invalid', { candidate, why: 'the signature does not fit' }))).toBe(
    'sha256:cccccccccccc… (bundle, referrers) is invalid: the signature does not fit',
  );
});

test('the record has what counts first, of the index and of its images, and 16 lines at most', () => {
  const rejected = Array.from({ length: 30 }, (_, at) =>
    rejectedFor('untrusted', { why: `no key of ${String(at)}` }),
  );
  const facts = claimFacts(
    { claims: [signedBy(key)], rejected },
    { platforms: [platformClaims('linux/amd64', [signedBy(signingKey().signer)])] },
  );
  const lines = claimLines(facts);
  expect(lines).toHaveLength(16);
  expect(lines.slice(0, 2).every((line) => line.startsWith('signed by'))).toBe(true);
  expect(lines[2]).toContain('by nobody who was asked for');
});

test('what says the same of several images stands in the record once', () => {
  const one = { claims: [signedBy(key)], rejected: [rejectedFor('untrusted')] };
  const facts = claimFacts(one, { platforms: [{ ...platformClaims('linux/amd64', []), ...one }] });
  expect(claimLines(facts)).toHaveLength(2);
});
