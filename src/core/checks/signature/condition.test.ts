import { describe, expect, test } from 'vitest';
import {
  claimFacts,
  keylessSignature,
  keylessSigner,
  platformClaims,
  repository,
  signatureEvidence,
  signedBy,
  signingKey,
  timeBy,
} from '../../../../test/fakes/claims.ts';
import { day, judgedAt } from '../../../../test/fakes/image-facts.ts';
import { policySet } from '../../../../test/fakes/policy-set.ts';
import { judge, pinned } from '../../../../test/fakes/verdict.ts';
import { codesIn, codesOn, keyless } from '../../../../test/fakes/signature-verdict.ts';
import type { SignatureClaim } from '../../facts/claim.ts';

const key = signingKey();
const stolen = signingKey();
const expired = ['signature-expired'];

describe('S10: validFrom and validUntil', () => {
  const theft = judgedAt - 5 * day;
  const time = (at: number) => new Date(at).toISOString();
  const until = (more: object = {}) => ({ key: { pem: stolen.pem }, validUntil: time(theft), ...more });
  const required = { require: { timestamps: 1 } };
  const dated = (...times: readonly number[]) =>
    signedBy(stolen.signer, { times: times.map((at) => timeBy('timestamp', at)) });
  test.each([
    ['a stolen key keeps what was dated before the theft', until(required), dated(theft - 1), []],
    ['and loses what was dated after it', until(required), dated(theft), expired],
    ['what nobody dated counts as signed now', until(), signedBy(stolen.signer), expired],
    [
      'a later time beside an earlier one changes nothing',
      until(required),
      dated(theft + day, theft - day),
      [],
    ],
    ['a time that nobody asked for is none', until(), dated(theft - day), expired],
    [
      'a named root dates without being required',
      until({ require: { trustRoot: 'sigstore' } }),
      dated(theft - day),
      [],
    ],
    [
      'before it is valid',
      { key: { pem: stolen.pem }, validFrom: time(judgedAt + 1) },
      signedBy(stolen.signer),
      expired,
    ],
    [
      'from the moment that it is',
      { key: { pem: stolen.pem }, validFrom: time(judgedAt) },
      signedBy(stolen.signer),
      [],
    ],
    [
      'until a moment to come',
      { key: { pem: stolen.pem }, validUntil: time(judgedAt + 1) },
      signedBy(stolen.signer),
      [],
    ],
  ])('%s', (_title, authority, claim, want) => expect(codesOn(authority, claim)).toEqual(want));

  test('rotation is two authorities side by side', () => {
    const authorities = [
      { name: 'old', ...until() },
      { name: 'new', key: { pem: key.pem } },
    ];
    const codes = (claim: SignatureClaim) => codesIn({}, claimFacts({ claims: [claim] }), { authorities });
    expect(codes(signedBy(key.signer))).toEqual([]);
    expect(codes(signedBy(stolen.signer))).toEqual(expired);
  });
});

describe('what a check asks of every signature', () => {
  const mine = { key: { pem: key.pem } };
  const named = (name?: string) => signedBy(key.signer, name === undefined ? {} : { name });
  const own = { signedAs: '{host}/{path}' };
  const mirror = { signedAs: 'upstream.example/{path}' };
  const staged = { annotations: { stage: 'release' } };
  const mismatch = ['signature-mismatch'];
  test.each([
    ['its own name', own, named('registry.example.com/web'), []],
    ['its own name with a tag', own, named('registry.example.com/web:1'), []],
    ['the name of another repository', own, named('registry.example.com/other'), mismatch],
    ['the name on another host', own, named('evil.io/web'), mismatch],
    ['no name', own, named(), mismatch],
    ['a name that is none', own, named('::'), mismatch],
    ['any name, where nothing is asked', {}, named('evil.io/web'), []],
    ['the name of the original of a copy', mirror, named('upstream.example/web'), []],
    ['the name of the copy', mirror, named('registry.example.com/web'), mismatch],
    ['an annotation', staged, signedBy(key.signer, { annotations: { stage: 'release', more: 'x' } }), []],
    ['another value', staged, signedBy(key.signer, { annotations: { stage: 'test' } }), mismatch],
    ['no annotation', staged, named(), mismatch],
    ['an annotation that every object has', { annotations: { toString: 'x' } }, named(), mismatch],
  ])('%s', (_title, check, claim, want) => expect(codesOn(mine, claim, check)).toEqual(want));

  const old = (at: number) => signedBy(key.signer, { times: [timeBy('timestamp', at)] });
  const aged = { ...mine, require: { timestamps: 1 } };
  test.each([
    ['young enough', old(judgedAt - day), []],
    ['too old', old(judgedAt - day - 1), expired],
    [
      'B8, CVE-2024-23332: too old, and dated once more today',
      signedBy(key.signer, {
        times: [timeBy('timestamp', judgedAt - 9 * day), timeBy('timestamp', judgedAt)],
      }),
      expired,
    ],
  ])('maxAge: %s', (_title, claim, want) => expect(codesOn(aged, claim, { maxAge: '1d' })).toEqual(want));

  test('revoked certificates do not count, nor those of a revoked CA at any place of the chain', () => {
    const signer = keylessSigner();
    const claim = keylessSignature();
    for (const digest of [signer.certificate, ...signer.issuers])
      expect(codesOn(keyless(), claim, { revoked: { certificates: [digest] } })).toEqual([
        'signature-revoked',
      ]);
    expect(codesOn(keyless(), claim, { revoked: { certificates: [`sha256:${'0'.repeat(64)}`] } })).toEqual(
      [],
    );
  });

  test('a revoked image is refused, whoever signed it, and no outage excuses it', () => {
    const { digest } = claimFacts();
    const why = { what: 'x', why: 'y', excusable: true } as const;
    const sources = [
      { source: 'referrers', location: 'registry.example.com/web', state: 'unavailable', why },
    ] as const;
    const facts = claimFacts({ claims: [signedBy(key.signer)], sources });
    expect(codesIn(mine, facts, { revoked: { images: [digest] } })).toEqual(['signature-revoked']);
  });

  test('a revoked image behind a signed index is refused, and so it is read', () => {
    const image = platformClaims('linux/amd64');
    const check = { ...mine, name: 'a' };
    const signature = (digest: string) => ({ authorities: [check], revoked: { images: [digest] } });
    const spec = (digest: string, mode: string) => ({
      multiArch: { mode },
      checks: [{ signature: signature(digest) }],
    });
    const claims = [signedBy(key.signer)];
    const judged = (mode: string) =>
      judge({ p: spec(image.digest, mode) }, pinned, {
        evidence: signatureEvidence(claimFacts({ claims }, { platforms: [image] })),
      }).findings.map(({ code }) => code);
    expect(judged('each-platform')).toEqual(['signature-revoked']);
    expect(judged('reference')).toEqual([]);
    const isMet = (mode: string) => {
      const { needs } = policySet({ p: spec(image.digest, mode) }).policies[0] ?? {};
      return needs?.signature?.wanted.demands.map((demand) =>
        demand.isMet(claims, { now: judgedAt, repository }),
      );
    };
    expect([isMet('each-platform'), isMet('reference')]).toEqual([[false], [true]]);
  });

  test('S12: reading goes on until the places of the check have what it asks for', () => {
    const elsewhere = signedBy(key.signer, { location: 'sigs.example.com/web' });
    const isMet = (locations: readonly string[]) => {
      const signature = { authorities: [{ ...mine, name: 'a' }], locations };
      const { needs } = policySet({ p: { checks: [{ signature }] } }).policies[0] ?? {};
      return needs?.signature?.wanted.demands.map((demand) =>
        demand.isMet([elsewhere], { now: judgedAt, repository }),
      );
    };
    expect([isMet(['image']), isMet(['image', 'sigs.example.com/{path}'])]).toEqual([[false], [true]]);
  });

  test('S12: what another place holds counts only where the check names that place', () => {
    const elsewhere = signedBy(key.signer, { location: 'sigs.example.com/web' });
    expect(codesOn(mine, elsewhere)).toEqual(['signature-missing']);
    expect(codesOn(mine, elsewhere, { locations: ['image', 'sigs.example.com/{path}'] })).toEqual([]);
  });
});
