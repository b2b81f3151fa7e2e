import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decide, type Verdict } from '../src/core/decision/decide.ts';
import { known, outage } from '../src/core/facts/fact.ts';
import type { ImageEvidence } from '../src/core/facts/image-evidence.ts';
import { compilePolicySet } from '../src/core/policy-set/compile.ts';
import { readPolicyFile } from '../src/core/trust-root/policy-file.ts';
import { selectPolicies } from '../src/core/policy-set/select.ts';
import { day, evidenceOf, imageDigest, imageFacts, judgedAt, platformImage } from './fakes/image-facts.ts';
import { createExpressionEngine } from '../src/serve/expressions.ts';

const compileExpression = createExpressionEngine().compile;

const path = 'examples/policies/image-facts/image-facts.yaml';
const read = readPolicyFile(
  readFileSync(join(import.meta.dirname, '..', path), 'utf8'),
  path,
  compileExpression,
);
if (!read.ok) throw new Error(JSON.stringify(read.error));
const set = compilePolicySet(
  read.value.policies.map(({ policy }) => policy),
  'sha256:test',
);

const source = { 'org.opencontainers.image.source': 'https://git.example.com/shop/web' };
const own = `registry.example.com/shop/web:1@${imageDigest}`;
const foreign = `docker.io/library/redis:8@${imageDigest}`;
const image = (more: Parameters<typeof platformImage>[1] = {}): ImageEvidence =>
  evidenceOf(imageFacts(platformImage('linux/amd64', { labels: source, ...more })));

/** A Pod of a test namespace, as it comes to `/validate`. */
const judge = (given: string, evidence?: ImageEvidence): Verdict => {
  const namespaceLabels = known({ environment: 'test' });
  const matched = selectPolicies(set.forNamespace('checkout-test'), {
    namespace: 'checkout-test',
    namespaceLabels,
    objectLabels: [{}],
  });
  const use = { path: 'spec.containers[0].image', given, place: 'spec.containers/app' };
  const subject = {
    use,
    fresh: true,
    image: set.images.read(given),
    ...(evidence === undefined ? {} : { evidence }),
  };
  return decide([subject], matched, undefined, { pod: true, now: judgedAt, namespaceLabels });
};

test.each([
  ['a young image of our own that is not root is allowed', own, image(), []],
  ['an old one is refused', own, image({ created: judgedAt - 91 * day }), ['image-too-old']],
  ['one that is root is refused', own, image({ user: '0' }), ['image-user-root']],
  ['one without its source is refused', own, image({ labels: {} }), ['image-label']],
  [
    'one with production data is refused in a test namespace',
    own,
    image({ labels: { ...source, 'data-class': 'production' } }),
    ['image-label'],
  ],
  ['one that nobody could look at is refused', own, undefined, ['image-unavailable']],
  ['one that was not pinned is refused', 'registry.example.com/shop/web:1', image(), ['digest-missing']],
  ['a foreign image that has aged is allowed', foreign, image(), []],
  ['a release of yesterday is refused', foreign, image({ created: judgedAt - day }), ['image-too-new']],
  ['an image that neither policy speaks about is refused', 'evil.io/x', undefined, ['unmatched']],
])('examples/policies/image-facts: %s', (_title, given, evidence, codes) => {
  const verdict = judge(given, evidence);
  expect(verdict.findings.map(({ code }) => code)).toEqual(codes);
  expect(verdict.allowed).toBe(codes.length === 0);
});

test('examples/policies/image-facts: a foreign image whose registry is down is let through and counted', () => {
  const image = outage('docker.io: connect', 'connection refused');
  const verdict = judge(foreign, { pinned: image, facts: { image }, tried: [] });
  expect(verdict).toMatchObject({
    allowed: true,
    uninformed: { policies: ['third-party-images'], weakened: true },
  });
  expect(verdict.findings).toMatchObject([{ mode: 'Warn', code: 'image-unavailable' }]);
});
