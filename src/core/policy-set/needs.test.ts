import { describe, expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { evidenceOf, imageDigest, imageFacts, platformImage } from '../../../test/fakes/image-facts.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import { digestOnly } from '../facts/evidence-kind.ts';
import { known, unavailable } from '../facts/fact.ts';
import { compileBroken } from './compile.ts';
import { digestToPin, needsOf, type EvidencePurpose } from './needs.ts';
import type { BrokenPolicy } from './compiled-policy.ts';
import { selectPolicies } from './select.ts';
import { imageNeed } from '../facts/image-kind.ts';

type Specs = Readonly<Record<string, object>>;
const nonRoot = { image: { user: 'NonRoot' } };
const pin = { digest: { pin: true } };
const fence = { registries: { allow: ['registry.example.com/**'] } };
const ours = 'registry.example.com/web:1';
const theirs = 'evil.io/web:1';

const prepare = (
  specs: Specs,
  given: string,
  more: { broken?: readonly BrokenPolicy[]; fresh?: boolean } = {},
) => {
  const set = policySet(specs, more.broken);
  const matched = selectPolicies(set.forNamespace('shop'), {
    namespace: 'shop',
    namespaceLabels: known({}),
    objectLabels: [{}],
  });
  const use = { path: 'spec.containers[0].image', given, place: 'spec.containers/app' };
  return { matched, image: { use, fresh: more.fresh ?? true, image: set.images.read(given) } };
};
const needs = (
  specs: Specs,
  given: string,
  purpose: EvidencePurpose = 'judge',
  more: Parameters<typeof prepare>[2] = {},
) => {
  const { image, matched } = prepare(specs, given, more);
  return needsOf([image], matched, purpose)[0];
};

const all = { image: imageNeed('all') };

describe('what must be known to judge', () => {
  test.each([
    [
      'nothing, where all checks read the text',
      { p: { checks: [fence, { digest: { require: true } }] } },
      ours,
      undefined,
    ],
    [
      'nothing for a policy that only pins: that happens at /mutate',
      { p: { checks: [pin] } },
      ours,
      undefined,
    ],
    ['manifest and config for the check image', { p: { checks: [nonRoot] } }, ours, all],
    [
      'also for an image that is named by digest',
      { p: { checks: [nonRoot] } },
      `${ours}@${imageDigest}`,
      all,
    ],
    [
      'nothing for an image that the policy does not speak about',
      { p: { match: { images: ['a.io/**'] }, checks: [nonRoot] } },
      ours,
      undefined,
    ],
    ['nothing for a text that is no reference', { p: { checks: [nonRoot] } }, 'a b', undefined],
    [
      'the platforms that are named',
      { p: { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] }, checks: [nonRoot] } },
      ours,
      { image: imageNeed(['linux/amd64']) },
    ],
    [
      'the union of what several policies name, each once',
      {
        a: { multiArch: { mode: 'platforms', platforms: ['linux/amd64', 'linux/arm64'] }, checks: [nonRoot] },
        b: { multiArch: { mode: 'platforms', platforms: ['linux/arm64', 'linux/s390x'] }, checks: [nonRoot] },
      },
      ours,
      { image: imageNeed(['linux/amd64', 'linux/arm64', 'linux/s390x']) },
    ],
    [
      'all platforms as soon as one policy judges all',
      {
        a: { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] }, checks: [nonRoot] },
        b: { checks: [nonRoot] },
      },
      ours,
      all,
    ],
    [
      'B26: nothing of a registry that a policy in mode Deny refuses',
      { fence: { checks: [fence] }, p: { checks: [nonRoot] } },
      theirs,
      undefined,
    ],
    [
      'B26: nothing of a short name that requireHost refuses',
      { fence: { checks: [{ registries: { requireHost: true } }] }, p: { checks: [nonRoot] } },
      'nginx',
      undefined,
    ],
    [
      'a registry that is refused only with a warning is asked: the image may run',
      { fence: { mode: 'Warn', checks: [fence] }, p: { checks: [nonRoot] } },
      theirs,
      all,
    ],
    [
      'an image that another check refuses is looked at: every finding is reported',
      { p: { checks: [{ tags: { deny: ['1'] } }, nonRoot] } },
      ours,
      all,
    ],
    [
      'a policy in mode Audit asks too: it records what it finds',
      { p: { mode: 'Audit', checks: [nonRoot] } },
      ours,
      all,
    ],
  ])('%s', (_title, specs, given, want) => expect(needs(specs, given)).toEqual(want));

  test('R2: nothing for an image that was there before', () => {
    expect(needs({ p: { checks: [nonRoot] } }, ours, 'judge', { fresh: false })).toBeUndefined();
  });
  test.each([
    [
      'nothing of an image that a broken policy refuses: it may be the one that forbids the registry',
      {},
      undefined,
    ],
    ['an image that the broken policy would not speak about is looked at', { images: ['a.io/**'] }, all],
  ])('R8: %s', (_title, match, want) => {
    const broken = [compileBroken('bad', match, 'unknown field')];
    expect(needs({ p: { checks: [nonRoot] } }, ours, 'judge', { broken })).toEqual(want);
  });
});

describe('what must be known to pin', () => {
  test.each([
    ['the digest of a tag', { p: { checks: [pin] } }, ours, digestOnly],
    ['nothing where the text has a digest', { p: { checks: [pin] } }, `${ours}@${imageDigest}`, undefined],
    ['nothing for a policy that only judges', { p: { checks: [nonRoot] } }, ours, undefined],
    [
      'nothing for a policy that only requires',
      { p: { checks: [{ digest: { require: true } }] } },
      ours,
      undefined,
    ],
    [
      'the digest in mode Warn: what can be pinned is',
      { p: { mode: 'Warn', checks: [pin] } },
      ours,
      digestOnly,
    ],
    [
      'nothing in mode Audit, which changes nothing',
      { p: { mode: 'Audit', checks: [pin] } },
      ours,
      undefined,
    ],
    ['B26: nothing of a registry that is refused', { p: { checks: [fence, pin] } }, theirs, undefined],
  ])('%s', (_title, specs, given, want) => expect(needs(specs, given, 'pin')).toEqual(want));
});

describe('the flags of a namespace', () => {
  const compare = {
    image: { labels: { namespaceLabels: [{ image: 'a', namespace: { key: 'env', in: ['b'] } }] } },
  };
  test.each([
    [
      'static checks need nothing',
      { checks: [fence] },
      { needsEvidence: false, pins: false, needsLabels: false },
    ],
    ['image needs evidence', { checks: [nonRoot] }, { needsEvidence: true, pins: false, needsLabels: false }],
    ['pin pins', { checks: [pin] }, { needsEvidence: false, pins: true, needsLabels: false }],
    ['pin in mode Audit does not', { mode: 'Audit', checks: [pin] }, { needsEvidence: false, pins: false }],
    [
      'labels of the image against those of the namespace need them',
      { checks: [compare] },
      { needsEvidence: true, needsLabels: true },
    ],
    [
      'a policy of other namespaces counts nowhere else',
      { match: { namespaces: { include: ['x'] } }, checks: [compare, pin] },
      { needsEvidence: false, pins: false, needsLabels: false },
    ],
  ])('%s', (_title, spec, want) => {
    expect(policySet({ p: spec }).forNamespace('shop')).toMatchObject(want);
  });
});

describe('digestToPin', () => {
  const facts = imageFacts(platformImage('linux/amd64'));
  const pinned = (specs: Specs, given: string, evidence?: ImageEvidence, fresh = true) => {
    const { image, matched } = prepare(specs, given, { fresh });
    const digest = digestToPin(evidence === undefined ? image : { ...image, evidence }, matched);
    return digest;
  };
  const stale = evidenceOf(facts, { staleFor: 30 * 60_000 });
  test.each([
    ['the digest that was resolved', { p: { checks: [pin] } }, ours, evidenceOf(facts), imageDigest],
    ['nothing when nobody looked', { p: { checks: [pin] } }, ours, undefined, undefined],
    [
      'nothing when it could not be resolved',
      { p: { checks: [pin] } },
      ours,
      { pinned: unavailable('x', 'y'), facts: {}, tried: [] },
      undefined,
    ],
    [
      'nothing where the text has a digest: it is never replaced (B2)',
      { p: { checks: [pin] } },
      `${ours}@sha256:${'c'.repeat(64)}`,
      evidenceOf(facts),
      undefined,
    ],
    ['nothing where no policy pins', { p: { checks: [nonRoot] } }, ours, evidenceOf(facts), undefined],
    ['nothing in mode Audit', { p: { mode: 'Audit', checks: [pin] } }, ours, evidenceOf(facts), undefined],
    [
      'nothing for an image that a registries check refuses',
      { p: { checks: [fence, pin] } },
      theirs,
      evidenceOf(facts),
      undefined,
    ],
    ['no older result by default', { p: { checks: [pin] } }, ours, stale, undefined],
    ['an older result within staleFor', { p: { staleFor: '1h', checks: [pin] } }, ours, stale, imageDigest],
    [
      'no result that is older than staleFor',
      { p: { staleFor: '29m', checks: [pin] } },
      ours,
      stale,
      undefined,
    ],
  ])('%s', (_title, specs, given, evidence, want) => expect(pinned(specs, given, evidence)).toBe(want));
  test('R2: nothing for an image that was there before', () => {
    expect(pinned({ p: { checks: [pin] } }, ours, evidenceOf(facts), false)).toBeUndefined();
  });
});
