import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision, EvidenceTrail, JudgedImage } from '../core/decision/decision.ts';
import { createDecisionBytes } from './decision-bytes.ts';

const words = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"images":[]', ',"images":[],', '\ud800', '\u2028', '","evidence":{}}'),
);
const trail: fc.Arbitrary<EvidenceTrail> = fc.record(
  { tried: fc.array(words, { maxLength: 3 }), claims: fc.array(words, { maxLength: 3 }), staleFor: fc.nat() },
  { requiredKeys: ['tried'] },
);
const image: fc.Arbitrary<JudgedImage> = fc.record(
  { path: words, given: words, reference: words, digest: words, evidence: trail },
  { requiredKeys: ['path', 'given'] },
);
const decision = fc.record(
  {
    apiVersion: fc.constant('imagegate.dev/v1alpha1'),
    kind: fc.constant('Decision'),
    id: words,
    time: words,
    source: fc.constant('admission'),
    user: words,
    dryRun: fc.boolean(),
    object: fc.record({ apiVersion: words, kind: words, name: words }),
    images: fc.array(image, { maxLength: 4 }),
    findings: fc.constant([]),
    allowed: fc.boolean(),
    warnings: fc.array(words),
    exemptions: fc.constant([]),
    versions: fc.dictionary(words, words),
    durations: fc.constant({ total: 0.5 }),
    count: fc.nat(),
    truncated: fc.nat(),
  },
  { noNullPrototype: true },
);

test('the text is that of JSON.stringify, whatever a decision says, also the second time', () => {
  const bytesOf = createDecisionBytes();
  fc.assert(
    fc.property(decision, fc.array(trail, { maxLength: 2 }), (one, trails) => {
      // Several images and several decisions rest on one answer.
      const images = one.images.map((judged, at) => ({
        ...judged,
        evidence: trails[at % 2] ?? judged.evidence,
      }));
      const told = [one, { ...one, images }, { ...one, images: images.slice(1) }];
      const bytes = told.map((decided) => bytesOf(decided as Decision));
      expect(bytes.map(String)).toEqual(told.map((decided) => JSON.stringify(decided)));
    }),
    { numRuns: 1000 },
  );
});

test('R26: however large a decision is, it keeps no more memory than it is long, or than a small one keeps', () => {
  const bytesOf = createDecisionBytes();
  for (const length of [1, 10_000, 30_000, 60_000]) {
    const large = { warnings: ['w'.repeat(length)], images: [] } as unknown as Decision;
    for (let turn = 0; turn < 3; turn += 1) {
      const bytes = bytesOf(large);
      expect(bytes.toString()).toBe(JSON.stringify(large));
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(Math.max(64 * 1024, bytes.length));
    }
  }
});
