import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attestationEvidence,
  attestedBy,
  claimFacts,
  companySigner,
  githubIssuer,
  keylessSigner,
  logProof,
  rejectedFor,
  repository,
  signatureEvidence,
  signedBy,
  signingKey,
  signingTime,
  source,
  timeBy,
} from '../../../../test/fakes/claims.ts';
import { day, judgedAt, otherDigest } from '../../../../test/fakes/image-facts.ts';
import { policySet } from '../../../../test/fakes/policy-set.ts';
import { judge, pinned } from '../../../../test/fakes/verdict.ts';
import {
  candidateFaults,
  type AttestationClaim,
  type Claim,
  type RejectedCandidate,
  type SignatureClaim,
  type SubjectClaims,
} from '../../facts/claim.ts';
import type { ClaimDemand } from '../../facts/claim-need.ts';
import type { ImageNeeds } from '../../facts/evidence-kind.ts';
import type { ImageEvidence } from '../../facts/image-evidence.ts';
import { distinctAuthorities } from './threshold.ts';

const keys = [signingKey(), signingKey(), signingKey()];
const workflow = 'https://github.com/acme/**@refs/tags/*';
const trusted = [
  ...keys.slice(0, 2).map(({ pem }) => ({ key: { pem } })),
  ...keys.slice(0, 1).map(({ pem }) => ({ key: { pem }, require: { timestamps: 1 } })),
  ...keys.slice(0, 1).map(({ pem }) => ({ key: { pem }, validUntil: new Date(judgedAt).toISOString() })),
  { keyless: { identities: [{ issuer: githubIssuer, subject: workflow }] } },
  { keyless: { identities: [{ issuer: githubIssuer, subject: workflow }] }, require: { timestamps: 1 } },
  { certificate: { trustRoot: 'partner', identities: [{ subject: '*@partner.example' }] } },
  { certificate: { trustRoot: 'partner', identities: [{ subject: 'a@partner.example' }] } },
];

const authorities = fc
  .array(fc.constantFrom(...trusted), { minLength: 1, maxLength: 4 })
  .map((list) => list.map((one, at) => ({ name: `a${String(at)}`, ...one })));
const check = fc
  .record({ authorities, threshold: fc.integer({ min: 1, max: 4 }) })
  .map(({ authorities: list, threshold }) => ({
    authorities: list,
    threshold: Math.min(threshold, list.length),
  }));

const signer = fc.constantFrom(
  ...keys.map((key) => key.signer),
  keylessSigner(),
  keylessSigner({ issuer: 'https://evil.io' }),
  keylessSigner({ names: [{ kind: 'uri', value: 'https://github.com/acme/b/x@refs/tags/1' }] }),
  keylessSigner({ certificateLogs: [] }),
  companySigner(),
  companySigner({ validity: { from: 0, until: 1 } }),
  companySigner({ spki: keys[0]!.signer.spki }),
  ...[['a'], ['b'], ['a', 'b']].map((names) =>
    companySigner({
      subject: '',
      names: names.map((name) => ({ kind: 'email', value: `${name}@partner.example` })),
    }),
  ),
);
const proofs = {
  logs: fc.subarray([logProof(), logProof('b'), logProof('a', 'other')]),
  times: fc.subarray([
    timeBy('log'),
    timeBy('timestamp'),
    timeBy('timestamp', judgedAt + day),
    timeBy('timestamp', signingTime - 300 * day),
    timeBy('log', signingTime, { trustRoot: 'other' }),
  ]),
};
const signature = fc
  .record({ signer, ...proofs, about: fc.constantFrom(signedBy(keys[0]!.signer).about, otherDigest) })
  .map(({ signer: by, ...more }) => signedBy(by, more));
const text = 'predicate.ok';
const attestation = fc
  .record({ signer, ...proofs, state: fc.constantFrom('true' as const, 'false' as const) })
  .map(({ signer: by, state, ...more }) => attestedBy(by, { ...more, expressions: { [text]: { state } } }));
const rejected = fc.constantFrom(...candidateFaults).map((fault) => rejectedFor(fault));

/** A kind of check: what it is called in a policy, and how its facts come to it. */
interface Kind<C extends Claim> {
  readonly claim: fc.Arbitrary<C>;
  readonly check: (fields: object, select: string) => object;
  readonly evidence: (named: Partial<SubjectClaims<C>>) => ImageEvidence;
  readonly demands: (needs: ImageNeeds) => readonly ClaimDemand<C>[];
}
const signatures: Kind<SignatureClaim> = {
  claim: signature,
  check: (fields) => ({ signature: fields }),
  evidence: (named) => signatureEvidence(claimFacts(named)),
  demands: ({ signature: need }) => need?.wanted.demands ?? [],
};
const attestations: Kind<AttestationClaim> = {
  claim: attestation,
  check: (fields, select) => ({
    attestation: { predicateType: 'slsaprovenance1', expression: text, select, ...fields },
  }),
  evidence: (named) => attestationEvidence(claimFacts<AttestationClaim>(named)),
  demands: ({ attestation: need }) => need?.wanted.demands ?? [],
};

const properties = <C extends Claim>(kind: Kind<C>) => {
  const claims = fc.array(kind.claim, { maxLength: 5 });
  const bad = fc.array(rejected, { maxLength: 3 });
  const allows = (fields: object, named: Partial<SubjectClaims<C>>, select = 'Any'): boolean =>
    judge({ p: { checks: [kind.check(fields, select)] } }, pinned, { evidence: kind.evidence(named) })
      .allowed;

  test('what is kept as enough without its time is enough at all times', () => {
    // What was dated in the future was refused when it was verified.
    const times = fc.integer({ min: judgedAt + day, max: judgedAt + 10_000 * day });
    const selects = fc.constantFrom('Any', 'All');
    let timeless = 0;
    fc.assert(
      fc.property(check, claims, selects, times, times, (fields, some, select, one, other) => {
        const { policies } = policySet({ p: { checks: [kind.check(fields, select)] } });
        for (const demand of policies.flatMap(({ needs }) => kind.demands(needs))) {
          if (demand.isTimeless !== true) continue;
          timeless += 1;
          const at = (now: number) => {
            const about = { now, repository };
            return [demand.isMet(some, about), demand.isFound(some, about)];
          };
          expect(at(one)).toEqual(at(other));
        }
      }),
      { numRuns: 1000 },
    );
    expect(timeless).toBeGreaterThan(100);
  });

  test('S2: adding candidates never turns a pass into a refusal', () => {
    fc.assert(
      fc.property(check, claims, claims, bad, fc.nat({ max: 300 }), (fields, some, more, junk, left) => {
        if (allows(fields, { claims: some }))
          expect(allows(fields, { claims: [...more, ...some], rejected: junk, left })).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('S2: a failed source changes nothing where the rest is enough, and is never a pass', () => {
    const lost = { sources: [source('known'), source('unavailable')] };
    fc.assert(
      fc.property(check, claims, (fields, some) => {
        expect(allows(fields, { claims: some, ...lost })).toBe(allows(fields, { claims: some }));
      }),
      { numRuns: 500 },
    );
  });

  test('S2: losing a source, with all that it holds, never turns a refusal into a pass', () => {
    const selects = fc.constantFrom('Any', 'All');
    const lost = { sources: [source('unavailable')] };
    fc.assert(
      fc.property(check, claims, fc.nat({ max: 5 }), selects, (fields, some, kept, select) => {
        if (!allows(fields, { claims: some }, select))
          expect(allows(fields, { claims: some.slice(0, kept), ...lost }, select)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('S3: what somebody pushed is never "could not look"', () => {
    fc.assert(
      fc.property(
        check,
        claims,
        bad,
        fc.nat({ max: 3 }),
        (fields, some, junk: readonly RejectedCandidate[], left) => {
          const specs = { p: { onUnavailable: 'Warn', checks: [kind.check(fields, 'Any')] } };
          const evidence = kind.evidence({ claims: some, rejected: junk, left });
          const { uninformed, allowed } = judge(specs, pinned, { evidence });
          expect(uninformed).toBeUndefined();
          expect(allowed).toBe(allows(fields, { claims: some }));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('at most one finding an image and check, whatever stands beside it', () => {
    fc.assert(
      fc.property(check, claims, bad, fc.constantFrom('Any', 'All'), (fields, some, junk, select) => {
        const specs = { p: { checks: [kind.check(fields, select)] } };
        const { findings } = judge(specs, pinned, {
          evidence: kind.evidence({ claims: some, rejected: junk }),
        });
        expect(findings.length).toBeLessThanOrEqual(1);
        for (const { detail = '' } of findings) expect(detail.length).toBeLessThanOrEqual(512);
      }),
    );
  });
};

describe('for all signatures', () => {
  properties(signatures);
});
describe('for all attestations', () => {
  properties(attestations);
});

test.each([
  ['each is one mark', fc.constantFrom('a', 'b', 'c', 'd').map((mark) => [mark])],
  ['they share some', fc.subarray(['a', 'b', 'c', 'd', 'e'], { minLength: 1, maxLength: 3 })],
])(
  'S8: the count is the largest number of authorities that have signers of their own: %s',
  (_title, signer) => {
    /** Tries every choice. */
    const largest = (
      [first, ...rest]: readonly (readonly (readonly string[])[])[],
      taken: readonly string[],
    ): number => {
      if (first === undefined) return 0;
      const free = first.filter((marks) => !marks.some((one) => taken.includes(one)));
      return Math.max(largest(rest, taken), ...free.map((one) => 1 + largest(rest, [...taken, ...one])));
    };
    const signers = fc.array(signer, { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(signers, { maxLength: 5 }), (lists) => {
        expect(distinctAuthorities(lists)).toBe(largest(lists, []));
      }),
      { numRuns: 1000 },
    );
  },
);
