import { describe, expect, test } from 'vitest';
import type { Decision } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { createDecisionBuilder, type DecisionOrigin, type Outcome } from './decision-builder.ts';
import { createDecisionIds } from './decision-ids.ts';
import { createRepeats } from './repeats.ts';

const finding: Finding = {
  policy: 'production',
  check: 'registries',
  mode: 'Deny',
  path: 'spec.containers[0].image',
  code: 'registry-not-allowed',
  message: "image 'evil.io/x' is not from a trusted registry",
};
const image = { path: 'spec.containers[0].image', given: 'evil.io/x', digest: `sha256:${'a'.repeat(64)}` };
const origin: DecisionOrigin = {
  source: 'admission',
  uid: 'u1',
  operation: 'CREATE',
  user: 'ann',
  caller: 'verified',
  object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
};
const outcome: Outcome = { findings: [finding], images: [image], policies: 'sha256:1' };

const open = () => {
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const ids = createDecisionIds('test', clock, 7);
  const buildDecision = createDecisionBuilder({ clock, ids, version: '0', repeats: createRepeats(clock) });
  return {
    decide: (one: Partial<DecisionOrigin> = {}, what: Outcome = outcome): Decision =>
      buildDecision({ ...origin, ...one }, what, now),
    pass: (milliseconds: number) => (now += milliseconds),
  };
};

describe('a decision that was made before (R26, B46)', () => {
  test('is the same entry of the record: one id, with a count, and with the times of the first and the latest', () => {
    const { decide, pass } = open();
    const first = decide();
    expect(first.count).toBeUndefined();
    expect(first.firstTime).toBeUndefined();
    pass(1_000);
    const second = decide({ uid: 'u2' });
    expect(second).toMatchObject({ id: first.id, count: 2, firstTime: first.time, uid: 'u2' });
    expect(second.time).not.toBe(first.time);
    for (let n = 3; n <= 1_000; n++) expect(decide()).toMatchObject({ id: first.id, count: n });
  });

  test.each<[string, Partial<DecisionOrigin>, Outcome]>([
    ['another namespace', { object: { ...origin.object, namespace: 'bank' } }, outcome],
    ['no namespace', { object: { apiVersion: 'v1', kind: 'Pod', name: 'web' } }, outcome],
    ['another object', { object: { ...origin.object, name: 'api' } }, outcome],
    ['another kind', { object: { ...origin.object, kind: 'Job' } }, outcome],
    ['another group', { object: { ...origin.object, apiVersion: 'x/v1' } }, outcome],
    ['another user', { user: 'bob' }, outcome],
    ['a caller that proved nothing', { caller: 'unverified' }, outcome],
    ['a dry run', { dryRun: true }, outcome],
    ['another operation', { operation: 'UPDATE' }, outcome],
    ['another source', { source: 'image' }, outcome],
    ['another state of a trust root', {}, { ...outcome, evidenceVersions: { 'trustRoot/acme': 'sha256:2' } }],
    ['other policies', {}, { ...outcome, policies: 'sha256:2' }],
    ['another image', {}, { ...outcome, images: [{ ...image, given: 'evil.io/y' }] }],
    [
      'other bytes under the same tag',
      {},
      { ...outcome, images: [{ ...image, digest: `sha256:${'b'.repeat(64)}` }] },
    ],
    ['one image more', {}, { ...outcome, images: [image, image] }],
    ['another place', {}, { ...outcome, images: [{ ...image, path: 'spec.containers[1].image' }] }],
    ['no finding', {}, { ...outcome, findings: [] }],
    ['a finding more', {}, { ...outcome, findings: [finding, finding] }],
    ['another code', {}, { ...outcome, findings: [{ ...finding, code: 'registry-denied' }] }],
    ['another mode', {}, { ...outcome, findings: [{ ...finding, mode: 'Warn' }] }],
    ['another policy', {}, { ...outcome, findings: [{ ...finding, policy: 'other' }] }],
    ['other policies in force', {}, { ...outcome, policies: 'sha256:2' }],
    ['a reason to skip', {}, { ...outcome, skipped: { code: 'unchanged', message: 'x' } }],
  ])('is not one with %s', (_title, one, what) => {
    const { decide } = open();
    const first = decide();
    const other = decide(one, what);
    expect(other.id).not.toBe(first.id);
    expect(other.count).toBeUndefined();
    expect(decide()).toMatchObject({ id: first.id, count: 2 });
  });

  test('a name cannot be written so that two decisions look like one', () => {
    const { decide } = open();
    const named = (name: string, user: string) => decide({ user, object: { ...origin.object, name } });
    const ids = [
      named('a', 'b'),
      named('a","b', ''),
      named('', 'a","b'),
      named('a\u0000b', ''),
      named('a', '\u0000b'),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });

  test('what differs each time does not make it another one', () => {
    const { decide, pass } = open();
    const first = decide();
    pass(30_000);
    const evidence = { tried: ['anonymous: used'], staleFor: 1234 };
    const again = decide({}, { ...outcome, images: [{ ...image, evidence }], evidence: 17, warnings: ['x'] });
    expect(again).toMatchObject({ id: first.id, count: 2, images: [{ evidence }] });
  });

  test('begins anew ten minutes after the first, so that times are known to that', () => {
    const { decide, pass } = open();
    const first = decide();
    pass(10 * 60_000 - 1);
    expect(decide().id).toBe(first.id);
    pass(1);
    const anew = decide();
    expect(anew.id).not.toBe(first.id);
    expect(anew.count).toBeUndefined();
    expect(decide()).toMatchObject({ id: anew.id, count: 2 });
  });

  test('of a long list of images is recognised too', () => {
    const { decide } = open();
    const images = Array.from({ length: 64 }, (_, at) => ({
      path: `p${at}`,
      given: `${'x'.repeat(500)}${at}`,
    }));
    const first = decide({}, { ...outcome, images });
    expect(decide({}, { ...outcome, images })).toMatchObject({ id: first.id, count: 2 });
    expect(decide({}, { ...outcome, images: images.slice(1) }).id).not.toBe(first.id);
  });

  test('R24: of thousands of findings is told apart by what the record says of it', () => {
    const { decide } = open();
    const many = (count: number): Outcome => ({
      ...outcome,
      findings: Array.from({ length: count }, (_, at) => ({ ...finding, path: `p${at}` })),
    });
    const first = decide({}, many(20_000));
    expect(first.truncated).toBeGreaterThan(19_000);
    expect(decide({}, many(20_000))).toMatchObject({ id: first.id, count: 2, truncated: first.truncated });
    expect(decide({}, many(20_001)).id).not.toBe(first.id);
  });

  test.each([1000, 2000])(
    'of %i characters: of one namespace 96 are known, however long they are',
    (length) => {
      const { decide } = open();
      const named = (n: number) =>
        decide(
          { object: { ...origin.object, name: `p${n}` } },
          { ...outcome, images: [{ ...image, given: 'x'.repeat(length - 300) }] },
        );
      const ids = Array.from({ length: 96 }, (_, n) => named(n).id);
      expect(ids.map((_, n) => named(n).id)).toEqual(ids);
    },
  );

  test('is still known after another namespace has made a thousand of its own', () => {
    const { decide } = open();
    const first = decide();
    for (let n = 0; n < 1_000; n++)
      decide({ object: { apiVersion: 'v1', kind: 'Pod', namespace: 'evil', name: `p${n}` } });
    expect(decide()).toMatchObject({ id: first.id, count: 2 });
  });

  test('is told apart from others of the same name and length, also in turn', () => {
    const { decide } = open();
    const nameless = (given: string) =>
      decide(
        { object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' } },
        { ...outcome, images: [{ ...image, given }] },
      );
    const ids = ['evil.io/a', 'evil.io/b', 'evil.io/c'].map((given) => nameless(given).id);
    expect(new Set(ids).size).toBe(3);
    for (let count = 2; count <= 5; count++)
      for (const [at, given] of ['evil.io/a', 'evil.io/b', 'evil.io/c'].entries())
        expect(nameless(given)).toMatchObject({ id: ids[at], count });
  });

  test('is none where nothing is recorded', () => {
    const clock = { now: () => 1, monotonic: () => 1 };
    const buildDecision = createDecisionBuilder({
      clock,
      ids: createDecisionIds('test', clock, 7),
      version: '0',
    });
    const [one, two] = [buildDecision(origin, outcome, 0), buildDecision(origin, outcome, 0)];
    expect(one.id).not.toBe(two.id);
    expect(two.count).toBeUndefined();
  });
});
