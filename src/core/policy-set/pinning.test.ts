import { describe, expect, test } from 'vitest';
import { claimFacts, signatureEvidence, signedBy, signingKey } from '../../../test/fakes/claims.ts';
import { codesOf, judge, ours, pinned } from '../../../test/fakes/verdict.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';

const key = signingKey();
const signature = { signature: { authorities: [{ name: 'release', key: { pem: key.pem } }] } };
const attestation = { attestation: { predicateType: 'spdx', ...signature.signature } };
const evidence = signatureEvidence(claimFacts({ claims: [signedBy(key.signer)] }));
const audit = { mode: 'Audit', checks: [signature] };
const unpinned = { checks: [signature, { digest: { pin: false } }] };

describe('B1: a policy that asks who signed pins by itself', () => {
  test.each<[string, object, boolean]>([
    ['in mode Deny', { checks: [signature] }, true],
    ['in mode Warn', { mode: 'Warn', checks: [signature] }, true],
    ['for attestations too', { checks: [attestation] }, true],
    ['not in mode Audit, which changes nothing', audit, false],
    ['not where it says no', unpinned, false],
    ['beside pin: true', { checks: [signature, { digest: { pin: true } }] }, true],
    [
      'not beside require: a tag is refused in any case',
      { checks: [signature, { digest: { require: true } }] },
      false,
    ],
  ])('%s', (_title, spec, want) => {
    expect(policySet({ p: spec }).forNamespace('shop').pins).toBe(want);
  });

  const asPod = { situation: { pod: true }, evidence };
  test.each<[string, object, string, readonly string[]]>([
    [
      'a Pod that comes without the digest is refused',
      { checks: [signature] },
      ours,
      ['p:Deny:digest-missing'],
    ],
    ['in mode Warn it is told', { mode: 'Warn', checks: [signature] }, ours, ['p:Warn:digest-missing']],
    ['one with the digest passes', { checks: [signature] }, pinned, []],
    [
      'without pinning a tag passes, and the record says what that means',
      unpinned,
      ours,
      ['p:Audit:bytes-not-pinned'],
    ],
    ['the same in mode Audit', audit, ours, ['p:Audit:bytes-not-pinned']],
    [
      'require: true beside pin: false still wants the digest',
      { checks: [signature, { digest: { require: true, pin: false } }] },
      ours,
      ['p:Deny:digest-missing'],
    ],
  ])('%s', (_title, spec, given, want) => {
    expect(codesOf(judge({ p: spec }, given, asPod))).toEqual(want);
  });

  test('a template keeps its tag', () => {
    expect(codesOf(judge({ p: { checks: [signature] } }, ours, { evidence }))).toEqual([]);
  });
});
