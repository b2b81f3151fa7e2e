import { describe, expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import {
  digestOf,
  evidenceOf,
  imageFacts,
  judgedAt,
  otherDigest,
  platformImage,
} from '../../../test/fakes/image-facts.ts';
import { codesOf, fence, judge, noAnswer, nonRoot, ours, pin, pinned } from '../../../test/fakes/verdict.ts';
import { absent, known, outage, type Unavailable, unavailable } from '../facts/fact.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import { selectPolicies } from '../policy-set/select.ts';
import { decide } from './decide.ts';

const good = imageFacts(platformImage('linux/amd64'));
const root = imageFacts(platformImage('linux/amd64', { user: '' }));

describe('evidence that is known is judged', () => {
  test.each([
    ['an image that passes is allowed', { p: { checks: [nonRoot] } }, pinned, good, []],
    ['one that does not is denied', { p: { checks: [nonRoot] } }, pinned, root, ['p:Deny:image-user-root']],
    [
      'the mode is applied last',
      { p: { mode: 'Warn', checks: [nonRoot] } },
      pinned,
      root,
      ['p:Warn:image-user-root'],
    ],
    [
      'also in mode Audit',
      { p: { mode: 'Audit', checks: [nonRoot] } },
      pinned,
      root,
      ['p:Audit:image-user-root'],
    ],
    [
      'R1: each policy says what it finds',
      { a: { checks: [nonRoot] }, b: { checks: [{ image: { maxAge: '1d' } }] } },
      pinned,
      root,
      ['a:Deny:image-user-root', 'b:Deny:image-too-old'],
    ],
    [
      'a policy that does not speak about the image says nothing',
      { a: { checks: [fence] }, p: { match: { images: ['a.io/**'] }, checks: [nonRoot] } },
      pinned,
      root,
      [],
    ],
    [
      'text and bytes are judged together',
      { p: { checks: [{ tags: { deny: ['1'] } }, nonRoot] } },
      pinned,
      root,
      ['p:Deny:image-user-root', 'p:Deny:tag-denied'],
    ],
  ])('%s', (_title, specs, given, facts, want) => {
    expect(codesOf(judge(specs, given, { evidence: evidenceOf(facts) }))).toEqual(want);
  });

  test('R2: an image that was there before is not judged', () => {
    expect(
      judge({ p: { checks: [nonRoot] } }, pinned, { evidence: evidenceOf(root), fresh: false }).findings,
    ).toEqual([]);
  });
});

describe('evidence that is not there is never a pass', () => {
  const specs = { p: { checks: [pin, nonRoot] } };
  test.each([
    ['nobody looked', undefined, 'image-unavailable'],
    ['the tag could not be resolved', { pinned: noAnswer, facts: {}, tried: [] }, 'image-unavailable'],
    ['the config could not be read', evidenceOf(good, { facts: { image: noAnswer } }), 'image-unavailable'],
    ['nobody asked for the config', { ...evidenceOf(good), facts: {} }, 'internal-error'],
    ['the registry has no such tag', { pinned: absent, facts: {}, tried: [] }, 'image-absent'],
    ['the registry has no such manifest', evidenceOf(good, { facts: { image: absent } }), 'image-absent'],
    [
      'B2: the facts are about other bytes than the tag stood for',
      evidenceOf(good, { pinned: known(digestOf(otherDigest)) }),
      'image-unavailable',
    ],
  ])('%s', (_title, evidence: ImageEvidence | undefined, code) => {
    const verdict = judge(specs, ours, { evidence });
    expect(verdict.allowed).toBe(false);
    expect(codesOf(verdict)).toEqual([`p:Deny:${code}`]);
  });

  test.each(['Warn', 'Audit'])('what nobody asked for denies in mode %s too: it is a defect', (mode) => {
    const evidence = { ...evidenceOf(good), facts: {} };
    const verdict = judge({ p: { mode, onUnavailable: 'Warn', checks: [pin, nonRoot] } }, ours, { evidence });
    expect(codesOf(verdict)).toEqual(['p:Deny:internal-error']);
    expect(verdict.allowed).toBe(false);
  });

  test('B2: of tag and digest the digest is judged, and evidence about another one is none', () => {
    const evidence = evidenceOf({ ...good, digest: otherDigest });
    expect(codesOf(judge(specs, pinned, { evidence }))).toEqual(['p:Deny:image-unavailable']);
  });

  test('the finding says what could not be read and which credentials were tried', () => {
    const tried = ['pull secret shop/regcred: denied', 'anonymous: denied'];
    const [finding] = judge(specs, ours, { evidence: { pinned: noAnswer, facts: {}, tried } }).findings;
    expect(finding).toMatchObject({
      check: 'image',
      path: 'spec.containers[0].image',
      detail:
        'registry.example.com: manifest: no answer within 2 s; tried pull secret shop/regcred: denied; anonymous: denied',
    });
  });

  test('it is said once a policy, however many checks would have read it', () => {
    const twice = { p: { checks: [pin, nonRoot, { image: { maxAge: '1d' } }] } };
    expect(codesOf(judge(twice, ours, {}))).toEqual(['p:Deny:image-unavailable']);
  });

  const nobody = outage('registry.example.com: connect', 'connection refused');
  const down: ImageEvidence = { pinned: nobody, facts: { image: nobody }, tried: [] };
  test.each([
    [
      'onUnavailable: Warn lets it through and counts it',
      { onUnavailable: 'Warn' },
      true,
      'p:Warn:image-unavailable',
      { policies: ['p'], weakened: true },
    ],
    [
      'onUnavailable: Deny is the default',
      {},
      false,
      'p:Deny:image-unavailable',
      { policies: ['p'], weakened: false },
    ],
    [
      'a policy that only warns is not weakened',
      { mode: 'Warn' },
      true,
      'p:Warn:image-unavailable',
      { policies: ['p'], weakened: false },
    ],
    [
      'nor is one that only records',
      { mode: 'Audit', onUnavailable: 'Warn' },
      true,
      'p:Audit:image-unavailable',
      { policies: ['p'], weakened: false },
    ],
  ])('%s', (_title, more, allowed, code, uninformed) => {
    const verdict = judge({ p: { ...more, checks: [pin, nonRoot] } }, ours, { evidence: down });
    expect(codesOf(verdict)).toEqual([code]);
    expect(verdict).toMatchObject({ allowed, uninformed });
  });

  const notKnown = (why: Partial<Unavailable>): ImageEvidence => {
    const fact = {
      state: 'unavailable',
      why: { what: 'registry.example.com: manifest', why: 'no', ...why },
    } as const;
    return { pinned: fact, facts: { image: fact }, tried: [] };
  };
  test.each<[string, ImageEvidence | undefined, string]>([
    ['an outage', down, 'p:Warn:image-unavailable'],
    [
      'an outage behind a digest in the text',
      evidenceOf(good, { facts: { image: outage('blob', 'no answer') } }),
      'p:Warn:image-unavailable',
    ],
    ['a failure that nobody has called an outage', notKnown({}), 'p:Deny:image-unavailable'],
    ['what was read and cannot be judged', notKnown({ final: true }), 'p:Deny:image-unavailable'],
    ['an image that nobody looked at', undefined, 'p:Deny:image-unavailable'],
    [
      'an old result in an outage',
      evidenceOf(good, { staleFor: 1000, excusable: true }),
      'p:Warn:image-unavailable',
    ],
    ['an old result for another cause', evidenceOf(good, { staleFor: 1000 }), 'p:Deny:image-unavailable'],
  ])('R25: what onUnavailable: Warn makes of %s', (_title, evidence, code) => {
    const spec = { p: { onUnavailable: 'Warn', checks: [pin, nonRoot] } };
    expect(codesOf(judge(spec, ours, evidence === undefined ? {} : { evidence }))).toEqual([code]);
  });

  test('onUnavailable: Warn weakens neither what is known nor what is absent', () => {
    const weak = { p: { onUnavailable: 'Warn', checks: [pin, nonRoot] } };
    expect(codesOf(judge(weak, ours, { evidence: evidenceOf(root) }))).toEqual(['p:Deny:image-user-root']);
    expect(codesOf(judge(weak, ours, { evidence: { pinned: absent, facts: {}, tried: [] } }))).toEqual([
      'p:Deny:image-absent',
    ]);
  });

  test('onUnavailable: Warn does not excuse what was read and cannot be judged: the pusher decides that', () => {
    const weak = { p: { onUnavailable: 'Warn', checks: [pin, nonRoot] } };
    const why = {
      what: 'registry.example.com: blob',
      why: 'a field stands twice in it',
      final: true,
      remedy: 'push it again',
    } as const;
    const odd = evidenceOf(root, { facts: { image: { state: 'unavailable', why } } });
    const verdict = judge(weak, ours, { evidence: odd });
    expect(verdict).toMatchObject({ allowed: false, uninformed: { policies: ['p'], weakened: false } });
    expect(verdict.findings).toMatchObject([
      { mode: 'Deny', code: 'image-unavailable', final: true, remedy: 'push it again' },
    ]);
    const audit = { p: { mode: 'Audit', checks: [pin, nonRoot] } };
    expect(codesOf(judge(audit, ours, { evidence: odd }))).toEqual(['p:Audit:image-unavailable']);
  });

  test('R3: labels of the namespace that are not known follow onUnavailable too', () => {
    const rule = { image: 'data-class', namespace: { key: 'env', in: ['production'] } };
    const spec = { checks: [pin, { image: { labels: { namespaceLabels: [rule] } } }] };
    const marked = evidenceOf(imageFacts(platformImage('linux/amd64', { labels: { 'data-class': 'x' } })));
    const blind = { evidence: marked, namespaceLabels: outage('namespace shop', 'no answer') };
    expect(codesOf(judge({ p: spec }, ours, blind))).toEqual(['p:Deny:namespace-unavailable']);
    const weak = judge({ p: { ...spec, onUnavailable: 'Warn' } }, ours, blind);
    expect(codesOf(weak)).toEqual(['p:Warn:namespace-unavailable']);
    expect(weak.uninformed).toEqual({ policies: ['p'], weakened: true });
    const flood = { evidence: marked, namespaceLabels: unavailable('namespace shop', '64 look-ups already') };
    expect(codesOf(judge({ p: { ...spec, onUnavailable: 'Warn' } }, ours, flood))).toEqual([
      'p:Deny:namespace-unavailable',
    ]);
  });

  test('a caller that says nothing about the time lets no age pass', () => {
    const set = policySet({ p: { checks: [pin, { image: { minAge: '1d', maxAge: '90d' } }] } });
    const matched = selectPolicies(set.forNamespace('shop'), {
      namespace: 'shop',
      namespaceLabels: known({}),
      objectLabels: [{}],
    });
    const use = { path: 'spec.containers[0].image', given: ours, place: 'p' };
    const image = { use, fresh: true, image: set.images.read(ours), evidence: evidenceOf(good) };
    expect(decide([image], matched, undefined).findings.map(({ code }) => code)).toEqual([
      'image-time-unknown',
    ]);
  });
});

describe('B26: an image that a policy forbids by name', () => {
  test.each([
    [
      'gets the finding of registries alone: it was not looked at',
      { a: { checks: [fence] }, p: { checks: [nonRoot] } },
      ['a:Deny:registry-not-allowed'],
    ],
    [
      'also when one policy holds both checks',
      { p: { checks: [fence, nonRoot] } },
      ['p:Deny:registry-not-allowed'],
    ],
    [
      'is judged where the refusal is only a warning',
      { a: { mode: 'Warn', checks: [fence] }, p: { checks: [pin, nonRoot] } },
      ['a:Warn:registry-not-allowed', 'p:Deny:image-unavailable'],
    ],
  ])('%s', (_title, specs, want) => {
    const verdict = judge(specs, 'evil.io/web:1');
    expect(codesOf(verdict)).toEqual(want);
    expect(verdict.allowed).toBe(false);
  });
});

describe('staleFor', () => {
  const halfAnHour = evidenceOf(good, { staleFor: 30 * 60_000 });
  test.each([
    ['by default no older result is taken', {}, ['p:Deny:image-unavailable'], []],
    [
      'an older one within the time is, and the decision says so',
      { staleFor: '30m' },
      [],
      [
        `the registry of image '${ours}' could not be asked: it was judged by a result that is 30 minutes old`,
      ],
    ],
    ['one beyond it is not', { staleFor: '29m' }, ['p:Deny:image-unavailable'], []],
  ])('%s', (_title, more, want, warnings) => {
    const verdict = judge({ p: { ...more, checks: [pin, nonRoot] } }, ours, { evidence: halfAnHour });
    expect(codesOf(verdict)).toEqual(want);
    expect(verdict.warnings).toEqual(warnings);
  });
  test('a result of this very moment is an older one too', () => {
    const evidence = evidenceOf(good, { staleFor: 0 });
    expect(judge({ p: { checks: [pin, nonRoot] } }, ours, { evidence }).allowed).toBe(false);
  });
  test('each policy decides for itself', () => {
    const specs = { a: { staleFor: '1h', checks: [pin, nonRoot] }, b: { checks: [pin, nonRoot] } };
    expect(codesOf(judge(specs, ours, { evidence: halfAnHour }))).toEqual(['b:Deny:image-unavailable']);
  });
  test('an older result that is accepted is judged like any other', () => {
    const evidence = evidenceOf(root, { staleFor: 1000 });
    expect(codesOf(judge({ p: { staleFor: '1h', checks: [pin, nonRoot] } }, ours, { evidence }))).toEqual([
      'p:Deny:image-user-root',
    ]);
  });
});

describe('bytes-not-pinned (B1)', () => {
  const evidence = evidenceOf(good);
  test.each([
    [
      'is recorded where a tag was judged and may be moved',
      { p: { checks: [nonRoot] } },
      ours,
      ['p:Audit:bytes-not-pinned'],
    ],
    ['is not said of a digest', { p: { checks: [nonRoot] } }, pinned, []],
    ['is not said where the policy pins', { p: { checks: [pin, nonRoot] } }, ours, []],
    [
      'is said for the policy without digest only',
      { a: { checks: [{ digest: { pin: true } }] }, p: { checks: [nonRoot] } },
      ours,
      ['p:Audit:bytes-not-pinned'],
    ],
  ])('%s', (_title, specs, given, want) => {
    const verdict = judge(specs, given, { evidence });
    expect(codesOf(verdict)).toEqual(want);
    expect(verdict.allowed).toBe(true);
  });

  test('R3: it makes no policy complain about labels that are not known, so it refuses nobody', () => {
    const p = { match: { namespaceSelector: { matchLabels: { env: 'prod' } } }, checks: [nonRoot] };
    const blind = { evidence, namespaceLabels: unavailable('namespace shop', 'no answer') };
    expect(codesOf(judge({ p }, ours, blind))).toEqual(['p:Audit:bytes-not-pinned']);
  });
});

describe('digest.pin', () => {
  const pod = { situation: { pod: true } };
  test.each([
    ['a Pod without a digest is refused: it should have been pinned', pod, ours, ['p:Deny:digest-missing']],
    ['a Pod with a digest passes', pod, pinned, []],
    ['a template keeps its tag', {}, ours, []],
  ])('%s', (_title, more, given, want) => {
    expect(codesOf(judge({ p: { checks: [pin] } }, given, more))).toEqual(want);
  });
  test('what was said of a template is not cached for a Pod, nor the other way round', () => {
    const set = policySet({ p: { checks: [pin] } });
    const matched = selectPolicies(set.forNamespace('shop'), {
      namespace: 'shop',
      namespaceLabels: known({}),
      objectLabels: [{}],
    });
    const allowedAs = (isPod: boolean) => {
      const use = { path: 'x', given: ours, place: 'x' };
      const situation = { pod: isPod, now: judgedAt, namespaceLabels: known({}) };
      return decide([{ use, fresh: true, image: set.images.read(ours) }], matched, undefined, situation)
        .allowed;
    };
    expect([false, true, false, true].map(allowedAs)).toEqual([true, false, true, false]);
  });
  test('require holds for both', () => {
    const both = { p: { checks: [{ digest: { require: true, pin: true } }] } };
    expect(judge(both, ours).allowed).toBe(false);
    expect(judge(both, ours, pod).allowed).toBe(false);
  });
});
