import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imageDigest, otherDigest } from '../../../../test/fakes/image-facts.ts';
import { decide } from '../../../../test/fakes/judge-vulnerabilities.ts';
import {
  daysAgo,
  debianFeed,
  match,
  packageList,
  vulnerabilityFacts,
} from '../../../../test/fakes/vulnerability-facts.ts';
import { absent, unavailable } from '../../facts/fact.ts';
import type { JudgedPackageList, VulnerabilityFacts } from '../../facts/vulnerability/vulnerability-facts.ts';

/** By the id: in one generation an advisory has one rating, whichever list names its package. */
const levels = ['low', 'medium', 'high', 'critical', 'high', 'medium', 'critical'] as const;
const found = fc
  .record({ id: fc.nat(levels.length - 1), isFixable: fc.boolean(), age: fc.nat(30) })
  .map(({ id, isFixable, age }) =>
    match(`CVE-2026-${String(id)}`, {
      level: levels[id],
      fixed: isFixable ? '2.0' : undefined,
      advisory: { published: daysAgo(age) },
    }),
  );
const list = fc
  .record({ matches: fc.array(found, { maxLength: 4 }), age: fc.nat(8), hasGap: fc.boolean() })
  .map(({ matches, age, hasGap }) =>
    packageList(matches, {
      feeds: [{ ...debianFeed, asOf: daysAgo(age) }],
      gaps: hasGap ? [{ kind: 'unowned-binary', what: 'x' }] : [],
    }),
  );
const check = fc.record({
  max: fc.record({ critical: fc.nat(1), high: fc.nat(2), medium: fc.nat(3) }),
  onlyFixable: fc.boolean(),
  gracePeriod: fc.constantFrom('0s', '14d'),
  deny: fc.constantFrom([], ['CVE-2026-1']),
  evidence: fc.constant([{ catalog: {} }, { sbom: { unsigned: true } }]),
  allowGaps: fc.constantFrom([], ['unowned-binary']),
});

const factsOf = (lists: readonly JudgedPackageList[], more: Partial<VulnerabilityFacts> = {}) =>
  vulnerabilityFacts({ lists, unreadable: [] }, more);
const unreadable = { source: { kind: 'unsigned', digest: otherDigest }, why: 'cut off' } as const;
const underWay = { kind: 'under-way', progress: { state: 'waiting', read: 0, bytes: 1 } } as const;
const unlooked = { kind: 'unavailable', why: { what: 'the layers', why: 'gone' } } as const;
const without = (lists: readonly JudgedPackageList[]): readonly JudgedPackageList[] =>
  lists.map((one) => ({ ...one, matches: [], feeds: [] }));

/** What may be lost, and what the facts are then. */
const losses: Readonly<Record<string, (lists: readonly JudgedPackageList[]) => VulnerabilityFacts>> = {
  'the advisories were never there': (lists) => factsOf(without(lists), { advisories: absent }),
  'the advisories cannot be read': (lists) =>
    factsOf(without(lists), { advisories: unavailable('the advisories', 'damaged') }),
  'one list cannot be read': (lists) =>
    vulnerabilityFacts({ lists: lists.slice(1), unreadable: [unreadable] }),
  'every list is of another digest': (lists) =>
    factsOf([], { packages: new Map([[otherDigest, { lists, unreadable: [] }]]) }),
  'nobody looked into the image': () =>
    factsOf([], { packages: new Map([[imageDigest, { lists: [], unreadable: [] }]]) }),
  'the gate has not looked into the image yet': (lists) =>
    vulnerabilityFacts({ lists: without(lists), unreadable: [], missing: underWay }),
  'the gate could not look into the image': (lists) =>
    vulnerabilityFacts({ lists: without(lists), unreadable: [], missing: unlooked }),
  'the feeds are old': (lists) =>
    factsOf(without(lists).map((one) => ({ ...one, feeds: [{ ...debianFeed, asOf: daysAgo(99) }] }))),
};

describe('V16: lost evidence never turns a refusal into a pass (property)', () => {
  test.each(Object.entries(losses))('when %s', (_, lose) => {
    fc.assert(
      fc.property(check, fc.array(list, { minLength: 1, maxLength: 3 }), (fields, lists) => {
        if (decide(fields, factsOf(lists)).allowed) return;
        expect(decide(fields, lose(lists)).allowed).toBe(false);
      }),
    );
  });

  test('when one more list stands beside the others', () => {
    fc.assert(
      fc.property(check, fc.array(list, { minLength: 1, maxLength: 3 }), list, (fields, lists, more) => {
        if (decide(fields, factsOf(lists)).allowed) return;
        expect(decide(fields, factsOf([...lists, more])).allowed).toBe(false);
      }),
    );
  });
});
