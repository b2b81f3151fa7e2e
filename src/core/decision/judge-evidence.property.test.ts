import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  day,
  digestOf,
  evidenceOf,
  imageFacts,
  judgedAt,
  otherDigest,
  platformImage,
} from '../../../test/fakes/image-facts.ts';
import { fence, judge, noAnswer, nonRoot, ours, pin, pinned } from '../../../test/fakes/verdict.ts';
import { absent, known, unavailable } from '../facts/fact.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { Labels } from '../policy/match/label-selector.ts';

describe('for every image and every set of policies', () => {
  const platform = fc.record({
    name: fc.constantFrom('linux/amd64', 'linux/arm64', 'windows/amd64'),
    user: fc.constantFrom('', '0', 'root', 'app', '1000'),
    age: fc.constantFrom(0, 1, 30, 400),
    labels: fc.constantFrom({}, { stage: 'dev' }, { 'data-class': 'production' }),
  });
  const facts = fc
    .array(platform, { minLength: 1, maxLength: 3 })
    .map((platforms) =>
      imageFacts(
        ...platforms.map(({ name, user, age, labels }) =>
          platformImage(name, { user, labels, created: judgedAt - age * day }),
        ),
      ),
    );
  const rule = { image: 'data-class', namespace: { key: 'env', in: ['production'] } };
  const check = fc.constantFrom<object>(
    nonRoot,
    pin,
    fence,
    { image: { maxAge: '90d', minAge: '1d' } },
    { image: { platforms: ['linux/amd64'] } },
    { image: { labels: { forbidden: { stage: ['dev'] } } } },
    { image: { labels: { namespaceLabels: [rule] } } },
    { tags: { deny: ['latest'] } },
  );
  const spec = fc.record({
    mode: fc.constantFrom('Deny', 'Warn', 'Audit'),
    staleFor: fc.constantFrom('0s', '1h'),
    checks: fc.array(check, { minLength: 1, maxLength: 3 }),
  });
  const specs = fc.dictionary(fc.constantFrom('a', 'b', 'c'), spec, { minKeys: 1 });
  const image = fc.constantFrom(ours, pinned, 'evil.io/x', 'nginx');
  const labels = fc.constantFrom<Labels>({}, { env: 'production' }, { env: 'test' });
  const losses: readonly ((evidence: ImageEvidence) => ImageEvidence | undefined)[] = [
    () => undefined,
    ({ tried }) => ({ pinned: noAnswer, facts: {}, tried }),
    ({ tried }) => ({ pinned: absent, facts: {}, tried }),
    ({ pinned: digest, tried }) => ({ pinned: digest, facts: {}, tried }),
    (evidence) => ({ ...evidence, facts: { image: noAnswer } }),
    (evidence) => ({ ...evidence, facts: { image: absent } }),
    (evidence) => ({ ...evidence, pinned: known(digestOf(otherDigest)) }),
    (evidence) => ({ ...evidence, staleFor: day }),
    (evidence) => ({ ...evidence, staleFor: 1000 }),
  ];

  test('losing evidence never turns deny into allow', () => {
    fc.assert(
      fc.property(
        specs,
        image,
        facts,
        labels,
        fc.constantFrom(...losses),
        fc.boolean(),
        (set, given, known_, here, lose, blind) => {
          const evidence = evidenceOf(known_);
          const informed = judge(set, given, { evidence, namespaceLabels: known(here) });
          const namespaceLabels = blind ? unavailable('namespace shop', 'no answer') : known(here);
          const lost = judge(set, given, { evidence: lose(evidence), namespaceLabels });
          if (!informed.allowed) expect(lost.allowed).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('onUnavailable: Warn is never silent: what it lets through, a finding and a count say', () => {
    fc.assert(
      fc.property(specs, facts, (set, known_) => {
        const weak = Object.fromEntries(
          Object.entries(set).map(([name, one]) => [name, { ...one, onUnavailable: 'Warn' }]),
        );
        const informed = judge(weak, ours, { evidence: evidenceOf(known_) });
        const lost = judge(weak, ours, {});
        if (informed.allowed || !lost.allowed) return;
        expect(lost.uninformed?.weakened).toBe(true);
        expect(lost.findings.some(({ mode, code }) => mode === 'Warn' && code === 'image-unavailable')).toBe(
          true,
        );
      }),
    );
  });

  test('what a template may not, a Pod may not either', () => {
    fc.assert(
      fc.property(specs, image, facts, (set, given, known_) => {
        const evidence = evidenceOf(known_);
        const template = judge(set, given, { evidence });
        if (!template.allowed)
          expect(judge(set, given, { evidence, situation: { pod: true } }).allowed).toBe(false);
      }),
    );
  });
});
