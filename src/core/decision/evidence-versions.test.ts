import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attestationEvidence, claimFacts, signatureEvidence } from '../../../test/fakes/claims.ts';
import { imageDigest, otherDigest } from '../../../test/fakes/image-facts.ts';
import {
  listed,
  vulnerabilityEvidence,
  vulnerabilityFacts,
} from '../../../test/fakes/vulnerability-facts.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { AttestationClaim } from '../facts/claim.ts';
import { absent, unavailable } from '../facts/fact.ts';
import { evidenceVersions } from './evidence-versions.ts';

const images = (...evidence: readonly (ImageEvidence | undefined)[]) =>
  evidence.map((one, at) => ({
    use: { path: `spec.containers[${String(at)}].image`, given: 'a.io/b', place: '' },
    fresh: true,
    image: policySet({}).images.read('a.io/b'),
    ...(one === undefined ? {} : { evidence: one }),
  }));
const used = { trustSnapshots: { sigstore: imageDigest } };

test('the roots of signatures and attestations of all images are named, each once and in order', () => {
  const more = { trustSnapshots: { acme: otherDigest, sigstore: imageDigest } };
  const given = images(
    signatureEvidence(claimFacts({}, used)),
    attestationEvidence(claimFacts<AttestationClaim>({}, more)),
    undefined,
  );
  expect(Object.entries(evidenceVersions(given))).toEqual([
    ['trustRoot/acme', otherDigest],
    ['trustRoot/sigstore', imageDigest],
  ]);
});

test('what was not looked at names none', () => {
  const lost = { pinned: unavailable('x', 'y'), facts: { signature: unavailable('x', 'y') }, tried: [] };
  expect(evidenceVersions(images(lost))).toEqual({});
});

test('a record holds 16 at most', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`r${String(at)}`, imageDigest]));
  const given = images(signatureEvidence(claimFacts({}, { trustSnapshots: many })));
  expect(Object.keys(evidenceVersions(given))).toHaveLength(16);
});

test('the advisories are named by their generation, and not where there were none', () => {
  const facts = vulnerabilityFacts(listed());
  expect(evidenceVersions(images(vulnerabilityEvidence(facts)))).toEqual({ advisories: '0123456789abcdef' });
  const without = vulnerabilityFacts(listed(), { advisories: absent });
  expect(evidenceVersions(images(vulnerabilityEvidence(without)))).toEqual({});
});

test('versions of many images are those of all of them, of one name the last', () => {
  const root = fc.constantFrom('acme', 'sigstore', 'partner');
  const roots = fc.dictionary(root, fc.constantFrom(imageDigest, otherDigest));
  fc.assert(
    fc.property(fc.array(roots, { maxLength: 5 }), (lists) => {
      const given = images(
        ...lists.map((trustSnapshots) => signatureEvidence(claimFacts({}, { trustSnapshots }))),
      );
      const wanted = new Map(lists.flatMap((one) => Object.entries(one)));
      const sorted = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const _ of ['first', 'again'])
        expect(Object.entries(evidenceVersions(given))).toEqual(
          sorted.map(([name, digest]) => [`trustRoot/${name}`, digest]),
        );
    }),
    { numRuns: 500 },
  );
});
