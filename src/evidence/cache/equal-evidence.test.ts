import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimFacts } from '../../../test/fakes/claims.ts';
import { imageDigest, otherDigest } from '../../../test/fakes/image-facts.ts';
import { known, unavailable } from '../../core/facts/fact.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import { createEqualEvidence } from './equal-evidence.ts';

const facts = [known(claimFacts()), known(claimFacts())] as const;
const texts = fc.constantFrom([], ['anonymous: used'], ['pull secret shop/regcred: used'], ['a', 'b']);
const evidence: fc.Arbitrary<ImageEvidence> = fc.record(
  {
    pinned: fc.constantFrom(known(imageDigest), known(otherDigest), unavailable('x', 'y')),
    facts: fc.record({ signature: fc.constantFrom(...facts) }, { requiredKeys: [] }),
    tried: texts,
    claims: texts,
    staleFor: fc.nat({ max: 1 }),
    excusable: fc.constant(true),
  },
  { requiredKeys: ['pinned', 'facts', 'tried'] },
);

test('what is handed out says the same, and holds the very same facts', () => {
  fc.assert(
    fc.property(fc.array(evidence, { maxLength: 30 }), (all) => {
      const equal = createEqualEvidence();
      for (const one of all) {
        const given = equal(one);
        expect(given).toEqual(one);
        expect(given.facts.signature).toBe(one.facts.signature);
      }
    }),
    { numRuns: 500 },
  );
});

test('evidence that was put together again is the object of before', () => {
  const equal = createEqualEvidence();
  const again = (tried: string): ImageEvidence => ({
    pinned: known(imageDigest),
    facts: { signature: facts[0] },
    tried: [tried],
    claims: ['signed'],
  });
  const first = equal(again('anonymous: used'));
  for (let at = 0; at < 5; at++) equal(again(`pull secret team-${String(at)}/regcred: used`));
  expect(equal(again('anonymous: used'))).toBe(first);
});
