import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imageDigest } from '../../../test/fakes/image-facts.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { decide, type Situation } from '../decision/decide.ts';
import { unavailable } from '../facts/fact.ts';
import { needsOf } from './needs.ts';
import { withoutSelectors, type MatchedPolicies } from './select.ts';

const specs = {
  fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] },
  audited: { mode: 'Audit', checks: [{ registries: { allow: ['registry.example.com/web'] } }] },
  pinned: { checks: [{ digest: { pin: true } }] },
  user: { checks: [{ image: { user: 'NonRoot' } }] },
  size: { match: { images: ['registry.example.com/**'] }, checks: [{ image: { maxSize: '1Gi' } }] },
  tags: { match: { images: ['quay.io/**'] }, checks: [{ tags: { deny: ['latest'] } }] },
};
const texts = [
  'registry.example.com/web',
  `registry.example.com/web:1@${imageDigest}`,
  'registry.example.com/job:1',
  'quay.io/app',
  `evil.io/app@${imageDigest}`,
  'a b',
  '',
];
const labels = unavailable('namespace labels', 'nobody asks');

test('what is kept of a text for all reviews of a namespace says the same as judging it anew', () => {
  const chosen = fc.subarray(Object.keys(specs) as (keyof typeof specs)[]);
  const review = fc.record({ place: fc.nat(1), texts: fc.subarray(texts), pod: fc.boolean() });
  fc.assert(
    fc.property(chosen, chosen, fc.array(review, { maxLength: 12 }), (first, second, reviews) => {
      const set = policySet(specs);
      const matchedBy = (names: readonly string[]): MatchedPolicies => {
        const policies = set.policies.filter(({ name }) => names.includes(name));
        return withoutSelectors({ ...set.forNamespace('shop'), policies }, 'shop');
      };
      const anew = [matchedBy(first), matchedBy(second)];
      const kept = anew.map((matched): MatchedPolicies => ({ ...matched, isShared: true }));
      for (const { place, texts: given, pod } of reviews) {
        const images = given.map((text, at) => ({
          use: { path: `spec.containers[${String(at)}].image`, given: text, place: String(at) },
          fresh: true,
          image: set.images.read(text),
        }));
        const situation: Situation = { pod, now: 0, namespaceLabels: labels };
        const [one, other] = [kept[place], anew[place]];
        if (one === undefined || other === undefined) throw new Error('no such place');
        expect(needsOf(images, one)).toEqual(needsOf(images, other));
        expect(decide(images, one, undefined, situation)).toEqual(
          decide(images, other, undefined, situation),
        );
      }
    }),
  );
});
