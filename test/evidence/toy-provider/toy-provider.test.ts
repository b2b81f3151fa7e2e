import { describe, expect, test, vi } from 'vitest';
import { renderDecision } from '../../../src/cli/render/decision-text.ts';
import type { EvidenceCheck } from '../../../src/core/checks/check.ts';
import { withNeed, type ImageNeeds } from '../../../src/core/facts/evidence-kind.ts';
import { imageNeed } from '../../../src/core/facts/image-kind.ts';
import { needsOf } from '../../../src/core/policy-set/needs.ts';
import { createPolicySet, type PolicySet } from '../../../src/core/policy-set/policy-set.ts';
import { withoutSelectors } from '../../../src/core/policy-set/select.ts';
import { createWorkloadTable } from '../../../src/core/workload/kinds/kinds.ts';
import type { CreateProvider } from '../../../src/evidence/provider.ts';
import { createPrefetch } from '../../../src/gate/prefetch/prefetch.ts';
import { createSlices } from '../../../src/gate/review/slices.ts';
import { createEvidenceHarness } from '../../fakes/evidence/evidence-harness.ts';
import { failure } from '../../fakes/evidence/evidence-sources.ts';
import { fakeGate, pod, requestFor } from '../../fakes/gate.ts';
import { policySet } from '../../fakes/policy-set.ts';
import { image } from '../../fakes/registry/registry-content.ts';
import { wordsCheck, wordsProvider } from './words.ts';
import { soon } from '../../soon.ts';

const place = 'registry.example.com/shop/web';
const tagged = `${place}:v1`;
const web = image({ user: '1000' });

/** Policies with the toy check in them, as the schema would make them if it knew the check. */
const policiesWith = (checks: Readonly<Record<string, EvidenceCheck>>, besides: object = {}): PolicySet => {
  const specs = Object.fromEntries(
    Object.keys(checks).map((name) => [name, { checks: [{ digest: { pin: true } }], ...besides }]),
  );
  const { policies } = policySet(specs);
  return createPolicySet(
    'sha256:toy',
    policies.map((one) => {
      const check = checks[one.name]!;
      return { ...one, evidence: [...one.evidence, check], needs: withNeed(one.needs, check.need) };
    }),
  );
};

const open = (set: PolicySet, providers: readonly CreateProvider[]) => {
  const harness = createEvidenceHarness({}, {}, undefined, providers);
  harness.registry.push(place, web, 'v1');
  const state = { state: 'loaded', set } as const;
  return { harness, state, gate: fakeGate({ state, evidence: harness.evidence }) };
};

const needs = (set: PolicySet): ImageNeeds | undefined => {
  const use = { path: 'image', given: tagged, place: 'image' };
  const matched = withoutSelectors(set.forNamespace('default'), 'default');
  return needsOf([{ use, fresh: true, image: set.images.read(tagged) }], matched)[0];
};

describe('a kind of evidence that is one file', () => {
  test('is needed as far as all policies together ask, beside other kinds', () => {
    const set = policiesWith(
      { a: wordsCheck('layers', 'config'), b: wordsCheck('config', 'history') },
      { checks: [{ image: { user: 'NonRoot' } }] },
    );
    expect(needs(set)).toMatchObject({
      image: imageNeed('all'),
      words: { wanted: { words: ['layers', 'config', 'history'] } },
    });
    expect(needs(policiesWith({ a: wordsCheck('b', 'a'), b: wordsCheck('a', 'b') }))).toMatchObject({
      words: { wanted: { words: ['b', 'a'] }, key: 'a,b' },
    });
  });

  test('finds, denies, and stands in record and explanation', async () => {
    const words = wordsProvider();
    const { gate, harness } = open(policiesWith({ p: wordsCheck('layers', 'nonsense') }), [words.create]);
    const decision = await gate.admit(requestFor(pod({ app: `${tagged}@${web.digest}` })));
    expect(decision).toMatchObject({
      allowed: false,
      findings: [{ policy: 'p', check: 'words', mode: 'Deny', message: expect.stringContaining("'layers'") }],
      images: [{ evidence: { tried: ['anonymous: used'], claims: ['words: layers'] } }],
    });
    expect(renderDecision(decision)).toContain('found words: layers');
    expect(harness.requests()).toEqual(['GET manifest']);
  });

  test('passes what has nothing of it, and its answer is used again without a request', async () => {
    const words = wordsProvider();
    const { gate } = open(policiesWith({ p: wordsCheck('nonsense') }), [words.create]);
    const request = requestFor(pod({ app: `${tagged}@${web.digest}` }));
    expect((await gate.admit(request)).allowed).toBe(true);
    expect((await gate.admit(request)).images[0]?.evidence?.claims).toEqual(['words: none']);
    expect(words.asked).toHaveLength(1);
  });

  test('is asked each time where its answer may not be kept, and after its own time', async () => {
    const never = wordsProvider(0);
    const short = wordsProvider(1000);
    for (const [words, wait, times] of [
      [never, 0, 2],
      [short, 999, 1],
      [short, 1001, 3],
    ] as const) {
      const { gate, harness } = open(policiesWith({ p: wordsCheck('nonsense') }), [words.create]);
      const request = requestFor(pod({ app: `${tagged}@${web.digest}` }));
      await gate.admit(request);
      harness.clock.pass(wait);
      await gate.admit(request);
      expect(words.asked).toHaveLength(times);
    }
  });

  test('that no provider gathers denies as a defect, and is never a pass', async () => {
    const { gate } = open(policiesWith({ p: wordsCheck('nonsense') }, { mode: 'Audit' }), []);
    const decision = await gate.admit(requestFor(pod({ app: `${tagged}@${web.digest}` })));
    expect(decision).toMatchObject({
      allowed: false,
      findings: [{ check: 'words', mode: 'Deny', code: 'internal-error' }],
    });
  });

  test('that could not be looked at denies beside what another kind found', async () => {
    const set = policiesWith(
      { p: wordsCheck('nonsense') },
      { checks: [{ image: { user: 'NonRoot' } }, { digest: { pin: true } }] },
    );
    const { gate, harness } = open(set, [wordsProvider().create]);
    harness.content.get = () => Promise.resolve(undefined);
    const decision = await gate.admit(requestFor(pod({ app: `${tagged}@${web.digest}` })));
    expect(decision.findings).toMatchObject([{ check: 'words', code: 'image-unavailable', mode: 'Deny' }]);
  });

  test('is said once, for the first check, when the image itself could not be resolved', async () => {
    const { gate, harness } = open(policiesWith({ p: wordsCheck('nonsense') }), [wordsProvider().create]);
    harness.registry.answer = () => failure('unreachable');
    const decision = await gate.admit(requestFor(pod({ app: tagged })));
    expect(decision.findings.map(({ check, code }) => `${check} ${code}`)).toEqual([
      'digest digest-missing',
      'words image-unavailable',
    ]);
  });

  test('is gathered in advance for what will be asked', async () => {
    const words = wordsProvider();
    const { harness, state } = open(policiesWith({ p: wordsCheck('nonsense') }), [words.create]);
    const prefetch = createPrefetch({
      policies: { current: () => state },
      namespaces: { labels: () => ({ state: 'known', value: {} }) },
      workloads: createWorkloadTable([]),
      evidence: harness.evidence,
      clock: harness.clock,
      slices: createSlices(harness.clock),
      onBug: (error) => {
        throw error;
      },
    });
    const parsed = state.set.images.read(tagged).parsed;
    expect(parsed.ok && prefetch.pushed(parsed.value)).toBe(true);
    await vi.waitFor(() => expect(words.asked).toEqual([{ words: ['nonsense'] }]), soon);
    await prefetch.close();
  });
});
