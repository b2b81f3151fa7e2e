import { describe, expect, test } from 'vitest';
import {
  imageDigest,
  judgedAt,
  otherDigest,
  platformImage,
  imageFacts,
} from '../../../../test/fakes/image-facts.ts';
import { codesOf, judge, pinned } from '../../../../test/fakes/verdict.ts';
import { codes, decide, findings, leastCheck, of } from '../../../../test/fakes/judge-vulnerabilities.ts';
import {
  daysAgo,
  debianFeed,
  indexFacts,
  listed,
  match,
  packageList,
  vulnerabilityEvidence,
  vulnerabilityFacts,
} from '../../../../test/fakes/vulnerability-facts.ts';
import { absent, known, unavailable } from '../../facts/fact.ts';
import type { JudgedPackageList, PlatformPackages } from '../../facts/vulnerability/vulnerability-facts.ts';
import { isUninformed } from '../../decision/judge-evidence.ts';

const one = 'CVE-2026-1';
const vulnerable = ['vulnerable'];
const none: readonly string[] = [];

describe('V1, B34: not looked is not clean', () => {
  const nothing = { lists: [], unreadable: [] };
  const gap = (kind: 'unowned-binary' | 'os-unknown') => ({
    lists: [packageList([], { gaps: [{ kind, what: 'usr/bin/x' }] })],
    unreadable: [],
  });
  test.each([
    ['unscanned: Deny', nothing, { unscanned: 'Deny' }, {}, 'p:Deny:vulnerabilities-unscanned'],
    ['unscanned: Warn', nothing, { unscanned: 'Warn' }, {}, 'p:Warn:vulnerabilities-unscanned'],
    ['unscanned: Audit', nothing, { unscanned: 'Audit' }, {}, 'p:Audit:vulnerabilities-unscanned'],
    [
      'unscanned: Deny in mode Warn',
      nothing,
      { unscanned: 'Deny' },
      { mode: 'Warn' },
      'p:Warn:vulnerabilities-unscanned',
    ],
    [
      'unscanned: Warn in mode Audit',
      nothing,
      { unscanned: 'Warn' },
      { mode: 'Audit' },
      'p:Audit:vulnerabilities-unscanned',
    ],
    [
      'unscanned: Audit in mode Warn',
      nothing,
      { unscanned: 'Audit' },
      { mode: 'Warn' },
      'p:Audit:vulnerabilities-unscanned',
    ],
    ['gaps: Deny', gap('os-unknown'), { gaps: 'Deny' }, {}, 'p:Deny:vulnerability-gap'],
    ['gaps: Warn', gap('os-unknown'), { gaps: 'Warn' }, {}, 'p:Warn:vulnerability-gap'],
    [
      'gaps: Deny in mode Audit',
      gap('os-unknown'),
      { gaps: 'Deny' },
      { mode: 'Audit' },
      'p:Audit:vulnerability-gap',
    ],
    ['an allowed gap', gap('unowned-binary'), { allowGaps: ['unowned-binary'] }, {}, undefined],
    [
      'another gap than the allowed one',
      gap('os-unknown'),
      { allowGaps: ['unowned-binary'] },
      {},
      'p:Deny:vulnerability-gap',
    ],
  ])('%s', (_title, packages, check, spec, want) => {
    expect(of(packages, check, spec)).toEqual(want === undefined ? [] : [want]);
  });

  test('an image of which no list is known at all', () => {
    expect(codes({}, vulnerabilityFacts(nothing, { packages: new Map() }))).toEqual([
      'vulnerabilities-unscanned',
    ]);
  });

  test('a list of somebody whom the policy does not accept is none', () => {
    const claimed = packageList([], { source: { kind: 'catalog', version: '1' } });
    expect(of({ lists: [claimed], unreadable: [] })).toEqual(['p:Deny:vulnerabilities-unscanned']);
  });

  test('the finding names what the policy accepts, and the digest that lacks it', () => {
    const [finding] = findings({}, vulnerabilityFacts(nothing));
    expect(finding?.detail).toBe(
      `the policy accepts unsigned lists beside the image, and none stands beside ${imageDigest}`,
    );
  });

  test('V16: a list that cannot be read is refused, and no setting excuses it', () => {
    const source = { kind: 'unsigned', digest: otherDigest } as const;
    const broken = { lists: [packageList()], unreadable: [{ source, why: 'no JSON' }] };
    const verdict = decide({ unscanned: 'Audit', gaps: 'Audit' }, vulnerabilityFacts(broken), {
      onUnavailable: 'Warn',
    });
    expect(codesOf(verdict)).toEqual(['p:Deny:image-unavailable']);
    expect(verdict.findings.map(isUninformed)).toEqual([false]);
  });

  test('lists add up: one without the package takes it from no other', () => {
    const both = { lists: [packageList(), packageList([match(one)])], unreadable: [] };
    expect(of(both)).toEqual(['p:Deny:vulnerable']);
    expect(of({ ...both, lists: [...both.lists].reverse() })).toEqual(['p:Deny:vulnerable']);
  });
});

describe('what the gate finds itself', () => {
  const catalog = { evidence: [{ catalog: {} }, { sbom: { unsigned: true } }] };
  const underWay = (progress: object = {}) => ({
    kind: 'under-way' as const,
    progress: { state: 'reading' as const, read: 37_000_000, bytes: 113_000_000, ...progress },
  });
  const lacking = (why: object) => ({
    kind: 'unavailable' as const,
    why: { what: 'registry.example.com: blob', why: 'no answer', ...why },
  });
  const unlooked = (missing: PlatformPackages['missing'], ...lists: readonly JudgedPackageList[]) => ({
    lists,
    unreadable: [],
    ...(missing && { missing }),
  });

  test('counts where the policy names it, and no list of somebody else takes anything from it', () => {
    const own = packageList([match(one)], { source: { kind: 'catalog', version: '1' } });
    expect(of({ lists: [own], unreadable: [] }, { evidence: [{ catalog: {} }] })).toEqual([
      'p:Deny:vulnerable',
    ]);
    expect(of({ lists: [packageList(), own], unreadable: [] }, catalog)).toEqual(['p:Deny:vulnerable']);
    expect(of({ lists: [packageList(), own], unreadable: [] })).toEqual([]);
  });

  test.each([
    ['reading', underWay(), '37 of 113 MB read'],
    ['waiting', underWay({ state: 'waiting' }), 'its 113 MB wait for their turn'],
    [
      'put off',
      underWay({ state: 'put-off' }),
      '37 of 113 MB read so far; it gave way to images of others, because it was slow or one of many, and comes again',
    ],
    ['crowded', underWay({ state: 'crowded' }), 'too many images wait for their turn'],
  ])('V16: while it is %s, no other list stands in for it', (_title, missing, says) => {
    const [finding, ...more] = findings(catalog, vulnerabilityFacts(unlooked(missing, packageList())));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: 'vulnerabilities-unscanned', mode: 'Deny' });
    expect(finding?.message).toContain(`is not looked into yet (${says}; try again)`);
    expect(finding?.detail).toBe(`${says} of ${imageDigest}`);
  });

  test.each(['Warn', 'Audit'])('unscanned: %s is about that too', (unscanned) => {
    expect(of(unlooked(underWay()), { ...catalog, unscanned })).toEqual([
      `p:${unscanned}:vulnerabilities-unscanned`,
    ]);
  });

  test('a policy that does not ask for it does not wait for it', () => {
    expect(of(unlooked(underWay(), packageList()))).toEqual([]);
    expect(of(unlooked(lacking({ final: true }), packageList()))).toEqual([]);
  });

  test.each([
    ['an outage', lacking({ excusable: true }), 'Warn', true],
    ['another failure', lacking({}), 'Deny', true],
    ['V5: an image that nobody can read', lacking({ final: true }), 'Deny', false],
  ])('R25: %s', (_title, missing, mode, uninformed) => {
    const verdict = decide(
      { ...catalog, unscanned: 'Audit', gaps: 'Audit' },
      vulnerabilityFacts(unlooked(missing)),
      {
        onUnavailable: 'Warn',
      },
    );
    expect(codesOf(verdict)).toEqual([`p:${mode}:image-unavailable`]);
    expect(verdict.findings.map(isUninformed)).toEqual([uninformed]);
  });

  test('R25: an outage at one platform excuses nothing at another one', () => {
    const facts = indexFacts({
      'linux/amd64': unlooked(lacking({ excusable: true })),
      'linux/arm64': unlooked(lacking({ why: 'a bomb', final: true })),
    });
    const verdict = decide({ ...catalog }, facts, { onUnavailable: 'Warn' });
    expect(codesOf(verdict)).toEqual(['p:Deny:image-unavailable']);
    expect(verdict.findings[0]?.detail).toMatch(/no answer.*a bomb/);
  });
});

describe('the advisories', () => {
  const old = { ...debianFeed, asOf: daysAgo(6) };
  const aged = (asOf: string): PlatformPackages => ({
    lists: [packageList([], { feeds: [debianFeed, { ...old, asOf }] })],
    unreadable: [],
  });
  test.each([
    ['V15: older than five days', aged(daysAgo(5.1)), {}, ['p:Deny:advisories-too-old']],
    ['V15: not older', aged(daysAgo(4.9)), {}, none],
    ['V15: older than the policy takes', aged(daysAgo(2)), { maxAge: '1d' }, ['p:Deny:advisories-too-old']],
    ['V15: of a time that nobody can read', aged('soon'), {}, ['p:Deny:advisories-too-old']],
  ])('%s', (_title, packages, check, want) => expect(of(packages, check)).toEqual(want));

  test.each([
    ['are not there', absent, 'the advisories: none were imported'],
    ['cannot be read', unavailable('the advisories', 'damaged'), 'the advisories: damaged'],
  ])('%s: nobody can judge, and onUnavailable says what happens', (_title, advisories, detail) => {
    const facts = vulnerabilityFacts(listed(), { advisories });
    const verdict = decide({}, facts);
    expect(codesOf(verdict)).toEqual(['p:Deny:advisories-unavailable']);
    expect(verdict.findings[0]?.detail).toBe(detail);
    expect(verdict.findings.map(isUninformed)).toEqual([true]);
    expect(codesOf(decide({}, facts, { onUnavailable: 'Warn' }))).toEqual(['p:Warn:advisories-unavailable']);
  });

  test('that are too old are excused as well, and what they know still refuses', () => {
    const facts = vulnerabilityFacts({
      lists: [packageList([match(one)], { feeds: [old] })],
      unreadable: [],
    });
    expect(codesOf(decide({}, facts, { onUnavailable: 'Warn' }))).toEqual([
      'p:Warn:advisories-too-old',
      'p:Deny:vulnerable',
    ]);
  });
});

describe('behind an index each platform is judged', () => {
  const clean = listed();
  const bad = listed(match(one));
  test.each([
    ['all are clean', { 'linux/amd64': clean, 'linux/arm64': clean }, {}, none],
    ['one is not', { 'linux/amd64': clean, 'linux/arm64': bad }, {}, vulnerable],
    [
      'one that no node takes is not',
      { 'linux/amd64': clean, 'linux/arm64': bad },
      { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } },
      none,
    ],
    [
      'one that must be there is missing',
      { 'linux/amd64': clean },
      { multiArch: { mode: 'platforms', platforms: ['linux/s390x'] } },
      ['image-platform'],
    ],
  ])('%s', (_title, platforms, spec, want) => expect(codes({}, indexFacts(platforms), spec)).toEqual(want));

  test('and the message names those that fail', () => {
    const [finding] = findings({}, indexFacts({ 'linux/amd64': clean, 'linux/arm64': bad }));
    expect(finding?.message).toMatch(/1 critical \(at most 0\) \(linux\/arm64\): CVE-/);
  });
});

test('an artifact is no container image', () => {
  const artifact = imageFacts(platformImage('linux/amd64', { artifact: 'application/x' }));
  expect(codes({}, vulnerabilityFacts(listed(), { image: artifact }))).toEqual(['image-unavailable']);
});

test('nobody gathered the evidence: a defect, which denies', () => {
  const verdict = judge({ p: { checks: [{ vulnerabilities: leastCheck }], mode: 'Audit' } }, pinned, {
    evidence: { pinned: known(imageDigest), facts: {}, tried: [] },
  });
  expect(codesOf(verdict)).toEqual(['p:Deny:internal-error']);
});

test('the same facts are judged by the time of the review', () => {
  const facts = vulnerabilityFacts(listed(match(one)));
  const specs = {
    p: { checks: [{ vulnerabilities: { ...leastCheck, accept: [{ id: one, until: '2026-01-01' }] } }] },
  };
  const at = (now: number) =>
    judge(specs, pinned, { evidence: vulnerabilityEvidence(facts), situation: { now } }).allowed;
  expect(at(judgedAt)).toBe(true);
  expect(at(Date.UTC(2026, 0, 1, 23, 59, 59, 999))).toBe(true);
  expect(at(Date.UTC(2026, 0, 2))).toBe(false);
});
