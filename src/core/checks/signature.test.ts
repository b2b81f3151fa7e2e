import { describe, expect, test } from 'vitest';
import {
  claimFacts,
  platformClaims,
  rejectedFor,
  signatureEvidence,
  signedBy,
  signingKey,
  source,
} from '../../../test/fakes/claims.ts';
import { otherDigest } from '../../../test/fakes/image-facts.ts';
import { codesOf, judge, pinned } from '../../../test/fakes/verdict.ts';
import type { ClaimFacts, SignatureClaim } from '../facts/claim.ts';
import type { Unavailable } from '../facts/fact.ts';

const ours = signingKey();
const second = signingKey();
const theirs = signingKey();
const release = { name: 'release', key: { pem: ours.pem } };
const security = { name: 'security', key: { pem: second.pem } };
const one = { authorities: [release] };
const either = { authorities: [release, security] };
const both = { threshold: 2, ...either };

const verdictOn = (signature: object, facts: ClaimFacts<SignatureClaim>, spec: object = {}) =>
  judge({ p: { checks: [{ signature }], ...spec } }, pinned, { evidence: signatureEvidence(facts) });
const codes = (signature: object, facts: ClaimFacts<SignatureClaim>, spec: object = {}) =>
  verdictOn(signature, facts, spec).findings.map(({ code }) => code);

const signed = signedBy(ours.signer);
const outage: Unavailable = {
  what: 'registry.example.com: connect',
  why: 'connection refused',
  excusable: true,
};
const unread = { ...source('known'), unread: 'the tag is not an index' };
const queue: Unavailable = { what: 'the review', why: 'too many reads wait' };

describe('an image passes when somebody whom the policy names has signed it', () => {
  test.each([
    ['the key of the policy', one, [signed]],
    ['the key of one authority of several', either, [signedBy(second.signer)]],
    ['both, where two are wanted', both, [signed, signedBy(second.signer)]],
    ['beside a signature of somebody else', one, [signedBy(theirs.signer), signed]],
  ])('%s', (_title, check, claims) => {
    expect(codes(check, claimFacts({ claims }))).toEqual([]);
  });

  test('S2: a bad candidate, too many of them, or a lost source changes nothing', () => {
    const rejected = [rejectedFor('invalid'), rejectedFor('unreadable'), rejectedFor('limit')];
    const sources = [source('known'), source('unavailable', outage)];
    expect(codes(one, claimFacts({ claims: [signed], rejected, sources, left: 236 }))).toEqual([]);
  });
});

describe('one finding tells why an image fails, by the candidate that came furthest', () => {
  const nobody = signedBy(theirs.signer);
  test.each([
    ['nothing stands beside it', {}, 'missing'],
    ['B32: somebody else signed', { claims: [nobody] }, 'untrusted'],
    ['S1: the signature is about another digest', { claims: [{ ...signed, about: otherDigest }] }, 'missing'],
    ['the verifier found another digest', { rejected: [rejectedFor('mismatch')] }, 'mismatch'],
    ['a candidate cannot be read', { rejected: [rejectedFor('unreadable')] }, 'invalid'],
    ['no key of the policy fits', { rejected: [rejectedFor('untrusted')] }, 'untrusted'],
    ['its signature is wrong', { rejected: [rejectedFor('invalid')] }, 'invalid'],
    ['S3: a candidate is too large', { rejected: [rejectedFor('limit')] }, 'limit'],
    ['S3: a candidate takes too long', { rejected: [rejectedFor('slow')] }, 'limit'],
    ['S3: there are more than are read', { rejected: [rejectedFor('invalid')], left: 3 }, 'limit'],
    [
      'an invalid one came further than one of somebody else that was not verified',
      { rejected: [rejectedFor('untrusted'), rejectedFor('invalid')] },
      'invalid',
    ],
    [
      'a valid one of somebody else came further than an invalid one',
      { claims: [nobody], rejected: [rejectedFor('invalid')] },
      'untrusted',
    ],
    [
      'a source could not be looked at',
      { sources: [source('absent'), source('unavailable')] },
      'unavailable',
    ],
    [
      'a source could not be looked at, and what was found is not enough',
      { claims: [nobody], sources: [source('unavailable')] },
      'unavailable',
    ],
  ])('%s', (_title, named, want) => {
    expect(codes(one, claimFacts(named))).toEqual([`signature-${want}`]);
  });

  test('where nothing was found, the detail says where was looked', () => {
    const sources = (['signature-tag', 'referrers', 'referrers-tag'] as const).map((one) => ({
      ...source('absent'),
      source: one,
    }));
    const [finding] = verdictOn(one, claimFacts({ sources })).findings;
    expect(finding?.detail).toBe('nothing at registry.example.com/web (.sig, referrers, fallback tag)');
  });

  test('S13: the message names image and authority, the detail what was found and not checked, the remedy what to do', () => {
    const [finding] = verdictOn(one, claimFacts({ claims: [nobody] })).findings;
    expect(finding).toMatchObject({
      check: 'signature',
      message: `image '${pinned}' has no signature by anybody whom the policy trusts (release)`,
      detail: `signed by key ${theirs.signer.fingerprint} (simple-signing, .sig), log not checked: the policy names no such signer`,
      remedy: expect.stringContaining('authorities sign this digest'),
    });
  });

  test('the detail names five candidates, the furthest first, and how many more there are', () => {
    const rejected = Array.from({ length: 7 }, (_, at) =>
      rejectedFor('untrusted', { why: `cause ${String(at)}` }),
    );
    const [finding] = verdictOn(
      one,
      claimFacts({ rejected: [...rejected, rejectedFor('invalid')] }),
    ).findings;
    const parts = finding?.detail?.split('; ') ?? [];
    expect(parts).toHaveLength(6);
    expect(parts[0]).toContain('is invalid');
    expect(parts.at(-1)).toBe('and 3 more');
    expect(finding?.detail?.length).toBeLessThanOrEqual(512);
  });
});

describe('S8: a threshold counts authorities with signers of their own', () => {
  const shared = [
    { name: 'a', key: { pem: ours.pem } },
    { name: 'b', key: { pem: ours.pem } },
  ];
  test.each([
    ['one of two', both, [signed], ['signature-threshold']],
    [
      'the same key twice',
      both,
      [signed, signedBy(ours.signer, { form: 'bundle' })],
      ['signature-threshold'],
    ],
    ['one key under two names', { threshold: 2, authorities: shared }, [signed], ['signature-threshold']],
    [
      'a key of two names beside one of its own: each stands for one',
      { threshold: 2, authorities: [...shared, security] },
      [signedBy(second.signer), signed],
      [],
    ],
  ])('%s', (_title, check, claims, want) => {
    expect(codes(check, claimFacts({ claims }))).toEqual(want);
  });

  test('the finding says how many have signed', () => {
    const [finding] = verdictOn(both, claimFacts({ claims: [signed] })).findings;
    expect(finding?.message).toContain(
      'has a signature by 1 of the authorities, and the policy wants all of release, security',
    );
  });
});

describe('S1: multiArch chooses what must be signed', () => {
  const amd64 = platformClaims('linux/amd64', [signed]);
  const arm64 = platformClaims('linux/arm64');
  const { platform: _, ...unnamed } = platformClaims('linux/s390x');
  const each = { multiArch: { mode: 'each-platform' } };
  const some = { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } };
  test.each([
    ['reference: the index is signed', {}, [signed], [arm64], []],
    ['reference: an image behind it is signed, and the index is not', {}, [], [amd64], ['signature-missing']],
    ['each-platform: the signed index covers its images', each, [signed], [arm64], []],
    ['each-platform: each image is signed by itself', each, [], [amd64], []],
    ['each-platform: one image is not', each, [], [amd64, arm64], ['signature-missing']],
    ['platforms: another platform does not matter', some, [], [amd64, arm64], []],
    ['platforms: what names no platform runs everywhere', some, [], [amd64, unnamed], ['signature-missing']],
    [
      'platforms: an index without that platform must be signed itself',
      some,
      [],
      [arm64],
      ['signature-missing'],
    ],
  ])('%s', (_title, spec, claims, platforms, want) => {
    expect(codes(one, claimFacts({ claims }, { platforms }), spec)).toEqual(want);
  });

  test('threshold: one signer of the index and another of the image are two', () => {
    const platforms = [platformClaims('linux/amd64', [signedBy(second.signer)])];
    expect(codes(both, claimFacts({ claims: [signed] }, { platforms }), each)).toEqual([]);
  });

  test('an index behind which nothing is known is judged itself', () => {
    expect(codes(one, claimFacts({}, { isIndex: true }), each)).toEqual(['signature-missing']);
  });

  test('the message names the platforms that fail', () => {
    const [finding] = verdictOn(one, claimFacts({}, { platforms: [amd64, arm64] }), each).findings;
    expect(finding?.message).toContain('(linux/arm64)');
  });
});

describe('what could not be looked at', () => {
  const warn = { onUnavailable: 'Warn' };
  const lost = (...whys: readonly Unavailable[]) =>
    claimFacts({ sources: whys.map((why) => source('unavailable', why)) });
  test.each([
    ['denies by default', lost(outage), {}, 'p:Deny:signature-unavailable'],
    ['is excused by onUnavailable when it is an outage', lost(outage), warn, 'p:Warn:signature-unavailable'],
    ['R25: is not excused when users can cause it', lost(queue), warn, 'p:Deny:signature-unavailable'],
    ['R25: nor when an outage stands beside it', lost(outage, queue), warn, 'p:Deny:signature-unavailable'],
    ['S3: what was pushed is never excused', claimFacts({ left: 1 }), warn, 'p:Deny:signature-limit'],
  ])('%s', (_title, facts, spec, want) => {
    const verdict = verdictOn(one, facts, spec);
    expect(codesOf(verdict)).toEqual([want]);
    expect(verdict.uninformed === undefined).toBe(want.endsWith('limit'));
  });

  test.each([
    ['one', { left: 1 }, '1 candidate was not read'],
    ['many', { left: 236 }, '236 candidates were not read'],
    ['what cannot be read, with the cause', { left: 1, sources: [unread] }, 'the tag is not an index'],
    [
      'both',
      { left: 3, sources: [unread], rejected: [rejectedFor('invalid')] },
      expect.stringMatching(/a test says so; the tag is not an index; 2 candidates were not read$/),
    ],
  ])('the detail says what was not read: %s', (_title, claims, detail) => {
    expect(verdictOn(one, claimFacts(claims)).findings).toMatchObject([{ code: 'signature-limit', detail }]);
  });

  test('an outage at one platform does not excuse another that nobody signed', () => {
    const platforms = [
      platformClaims('linux/amd64', [], { sources: [source('unavailable', outage)] }),
      platformClaims('linux/arm64'),
    ];
    const spec = { ...warn, multiArch: { mode: 'each-platform' } };
    expect(codesOf(verdictOn(one, claimFacts({}, { platforms }), spec))).toEqual([
      'p:Deny:signature-missing',
    ]);
  });

  test('the finding names the place and the cause, and no defect of the gate', () => {
    const [finding] = verdictOn(one, lost(outage)).findings;
    expect(finding?.detail).toContain('registry.example.com: connect: connection refused');
    expect(finding).not.toHaveProperty('why');
  });
});
