import { describe, expect, test } from 'vitest';
import { pinned } from '../../../test/fakes/verdict.ts';
import { codes, findings, on } from '../../../test/fakes/judge-vulnerabilities.ts';
import {
  daysAgo,
  debianPackage,
  listed,
  match,
  vulnerabilityFacts,
} from '../../../test/fakes/vulnerability-facts.ts';
import { known } from '../facts/fact.ts';

const one = 'CVE-2026-1';
const two = 'CVE-2026-2';
const vulnerable = ['vulnerable'];
const none: readonly string[] = [];

describe('max: how many of each level', () => {
  const libc = match(one);
  test.each([
    ['nothing is wrong', {}, [], none],
    ['as many as the limit', { max: { critical: 1 } }, [libc], none],
    ['one more', { max: { critical: 1 } }, [libc, match(two)], vulnerable],
    ['none at all', {}, [libc], vulnerable],
    [
      'V8: one CVE in two packages is one',
      { max: { critical: 1 } },
      [libc, match(one, { in: debianPackage('libc-bin') })],
      none,
    ],
    ['a level without a limit', {}, [match(one, { level: 'high' }), match(two, { level: 'high' })], none],
    [
      'a level with one',
      { max: { high: 1 } },
      [match(one, { level: 'high' }), match(two, { level: 'high' })],
      vulnerable,
    ],
    ['a worse level does not count for a milder one', { max: { high: 0 } }, [libc], none],
  ])('%s', (_title, check, matches, want) => expect(on(check, ...matches)).toEqual(want));

  test('the message counts against the limits, the detail names the worst with fix, the list and the age of feeds', () => {
    const matches = [
      match(one, { level: 'high' }),
      match(two),
      match('CVE-2026-3', { fixed: undefined }),
      ...Array.from({ length: 5 }, (_, at) => match(`CVE-2026-1${String(at)}`, { level: 'high' })),
    ];
    const facts = vulnerabilityFacts(listed(...matches));
    const [finding] = findings({ max: { critical: 0, high: 5 } }, facts);
    expect(finding).toMatchObject({
      check: 'vulnerabilities',
      message: `image '${pinned}' has more vulnerabilities than the policy allows: 2 critical (at most 0), 6 high (at most 5): CVE-2026-2 in libc6 2.36-9 (fixed in 2.36-10), CVE-2026-3 in libc6 2.36-9 (no fix), CVE-2026-1 in libc6 2.36-9 (fixed in 2.36-10), CVE-2026-10 in libc6 2.36-9 (fixed in 2.36-10), CVE-2026-11 in libc6 2.36-9 (fixed in 2.36-10) and 3 more`,
    });
    expect(finding?.detail).toMatch(
      /^CVE-2026-2 critical in libc6 2.36-9 \(fixed in 2.36-10\), CVE-2026-3 critical in libc6 2.36-9 \(no fix\), /,
    );
    expect(finding?.detail).toMatch(/ and 3 more; 88 packages in an unsigned list; advisories 1 day old$/);
  });

  test('V18: what an image or an advisory wrote is escaped and cut', () => {
    const strange = debianPackage(`${'x'.repeat(4000)}\u001b[31m`);
    const [finding] = findings(
      {},
      vulnerabilityFacts(listed(match(`CVE-\u0007${'9'.repeat(4000)}`, { in: strange }))),
    );
    for (const text of [finding?.message, finding?.detail]) {
      expect(text?.length).toBeLessThanOrEqual(512);
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u001f]/);
    }
  });
});

describe('V9: severity', () => {
  const unknown = match(one, { level: undefined });
  test.each([
    ['what nobody rated counts as high', { max: { high: 0 } }, [unknown], vulnerable],
    ['or as the policy says', { max: { high: 0 }, unknownSeverity: 'low' }, [unknown], none],
    ['which may have a limit too', { max: { low: 0 }, unknownSeverity: 'low' }, [unknown], vulnerable],
  ])('%s', (_title, check, matches, want) => expect(on(check, ...matches)).toEqual(want));
});

describe('maxScore', () => {
  const scored = match(one, { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' });
  test.each([
    ['a higher score', { maxScore: 8.9 }, [scored], ['vulnerability-score']],
    ['as high as the limit', { maxScore: 9.8 }, [scored], none],
    ['no score', { maxScore: 1 }, [match(one)], none],
    ['accepted', { maxScore: 8.9, accept: [{ id: one, until: '2026-01-01' }] }, [scored], none],
  ])('%s', (_title, check, matches, want) =>
    expect(on({ max: undefined, ...check }, ...matches)).toEqual(want),
  );
});

describe('onlyFixable', () => {
  const open = match(one, { fixed: undefined });
  test.each([
    ['what has no fix does not count', { onlyFixable: true }, [open], none],
    ['what has one does', { onlyFixable: true }, [match(one)], vulnerable],
    [
      'in one of its packages is enough',
      { onlyFixable: true },
      [open, match(one, { in: debianPackage('x') })],
      vulnerable,
    ],
    ['without it all count', {}, [open], vulnerable],
  ])('%s', (_title, check, matches, want) => expect(on(check, ...matches)).toEqual(want));
});

describe('V10: grace', () => {
  const at = (published: string | undefined) =>
    match(one, { advisory: published === undefined ? ({ published: undefined } as object) : { published } });
  test.each([
    ['what is new waits', '7d', at(daysAgo(3)), none],
    ['what is old does not', '7d', at(daysAgo(8)), vulnerable],
    ['no grace is none', '0s', at(daysAgo(0)), vulnerable],
    ['without a date there is none', '7d', at(undefined), vulnerable],
    ['nor with a date before 1990', '36500d', at('0001-01-01T00:00:00Z'), vulnerable],
    ['nor with one in the future', '7d', at(daysAgo(-1)), vulnerable],
  ])('%s', (_title, gracePeriod, found, want) => expect(on({ gracePeriod }, found)).toEqual(want));
});

describe('deny', () => {
  const denied = ['vulnerability-denied'];
  const check = { max: undefined, deny: ['GHSA-aaaa'] };
  const known = match(one, { level: 'low', advisory: { aliases: ['GHSA-aaaa'] } });
  test.each([
    ['V8: by another of its ids', check, [known], denied],
    ['V8: an id of another one', { ...check, deny: [two] }, [known], none],
    ['an id in other case', { ...check, deny: ['ghsa-AAAA'] }, [known], denied],
    ['V8: wins over accept', { ...check, accept: [{ id: one, until: '2030-01-01' }] }, [known], denied],
    [
      'has no grace and asks for no fix',
      { ...check, onlyFixable: true, gracePeriod: '365d' },
      [match('GHSA-aaaa', { fixed: undefined, advisory: { published: daysAgo(1) } })],
      denied,
    ],
  ])('%s', (_title, with_, matches, want) => expect(on(with_, ...matches)).toEqual(want));
});

const goModule = (name: string, purl: string) => ({ ecosystem: 'Go', name, version: 'v5.1.0', purl });

describe('V17: accept ends with its day (UTC)', () => {
  const libc = match(one);
  const accept = (more: object) => ({ accept: [{ id: one, until: '2026-01-01', ...more }] });
  test.each([
    ['on its day', accept({}), [libc], none],
    ['the day after', accept({ until: '2025-12-31' }), [libc], vulnerable],
    ['of another CVE', accept({ id: two }), [libc], vulnerable],
    ['V8: by an alias', accept({ id: 'GHSA-a' }), [match(one, { advisory: { aliases: ['GHSA-a'] } })], none],
    [
      'V8: one of two CVEs of an advisory does not accept the other',
      accept({}),
      [match('DSA-1', { advisory: { upstream: [one, two] } })],
      vulnerable,
    ],
    [
      'V8: the record of one CVE does not accept the other, beside an advisory of both',
      accept({ id: 'PYSEC-1' }),
      [
        match('GHSA-a', { advisory: { aliases: [one, two, 'PYSEC-1'] } }),
        match('PYSEC-1', { advisory: { aliases: [one] } }),
      ],
      vulnerable,
    ],
    ['in the package that it names', accept({ package: 'pkg:deb/debian/libc6' }), [libc], none],
    ['in the source that it names', accept({ package: 'pkg:deb/debian/glibc' }), [libc], none],
    ['in another package', accept({ package: 'pkg:deb/debian/openssl' }), [libc], vulnerable],
    ['in a package of another system', accept({ package: 'pkg:deb/ubuntu/glibc' }), [libc], vulnerable],
    ['in this version', accept({ package: 'pkg:deb/debian/glibc@2.36-9' }), [libc], none],
    ['in another version', accept({ package: 'pkg:deb/debian/glibc@2.36-8' }), [libc], vulnerable],
    [
      'in one of two packages only',
      accept({ package: 'pkg:deb/debian/libc6' }),
      [libc, match(one, { in: debianPackage('x', { source: { name: 'x', version: '1' } }) })],
      vulnerable,
    ],
    [
      'in a package without a package URL',
      accept({ package: 'pkg:deb/debian/libc6' }),
      [match(one, { in: { ecosystem: 'Debian:12', name: 'libc6', version: '1' } })],
      vulnerable,
    ],
    [
      'of a Go module, however its path is cut',
      accept({ package: 'pkg:golang/github.com/jackc/pgx/v5' }),
      [match(one, { in: goModule('github.com/jackc/pgx/v5', 'pkg:golang/github.com/jackc/pgx@v5.1.0#v5') })],
      none,
    ],
    [
      'of another module of one repository',
      accept({ package: 'pkg:golang/github.com/jackc/pgx' }),
      [match(one, { in: goModule('github.com/jackc/pgx/v5', 'pkg:golang/github.com/jackc/pgx@v5.1.0#v5') })],
      vulnerable,
    ],
    [
      'of a scoped package, however it is written',
      accept({ package: 'pkg:npm/%40a/b' }),
      [match(one, { in: { ecosystem: 'npm', name: '@a/b', version: '1', purl: 'pkg:npm/@a/b@1' } })],
      none,
    ],
  ])('%s', (_title, check, matches, want) => expect(on(check, ...matches)).toEqual(want));
});

describe('malicious packages', () => {
  const bad = match('MAL-2026-1', {
    level: undefined,
    fixed: undefined,
    advisory: { published: daysAgo(0) },
  });
  test('are refused without grace and fix, whatever the limits', () => {
    expect(on({ max: { low: 9 }, onlyFixable: true, gracePeriod: '365d' }, bad)).toEqual([
      'malicious-package',
    ]);
  });
  test('are no matter of a limit', () => {
    expect(on({ max: { high: 0 } }, bad)).toEqual(['malicious-package']);
  });
});

describe('knownExploited', () => {
  const feed = { feed: 'kev', ecosystem: 'CVE', asOf: daysAgo(1) };
  const exploited = (ids: readonly string[], asOf = feed.asOf) => ({
    advisories: known({
      generation: 'g',
      revision: 'r',
      exploited: { ids: new Set(ids), feed: { ...feed, asOf } },
    }),
  });
  const check = { max: undefined, knownExploited: true };
  const low = match(one, { level: 'low', fixed: undefined });
  test.each([
    ['what the feed lists', check, exploited([one]), ['vulnerability-exploited']],
    [
      'without grace and fix',
      { ...check, onlyFixable: true, gracePeriod: '999d' },
      exploited([one]),
      ['vulnerability-exploited'],
    ],
    ['what it does not list', check, exploited([two]), none],
    ['accepted', { ...check, accept: [{ id: one, until: '2026-02-01' }] }, exploited([one]), none],
    ['V1: without such a feed nobody looked', check, {}, ['vulnerability-gap']],
    ['a feed that is too old', check, exploited([two], daysAgo(9)), ['advisories-too-old']],
    ['not asked for', { max: { critical: 0 } }, exploited([one], daysAgo(9)), none],
  ])('%s', (_title, with_, facts, want) => {
    expect(codes(with_, vulnerabilityFacts(listed(low), facts))).toEqual(want);
  });
});

describe('V14: kernel headers are listed, not counted', () => {
  const headers = match(one, { isCounted: false, in: debianPackage('linux-libc-dev') });
  test.each([
    ['by max', {}, none],
    ['by the score', { max: undefined, maxScore: 0 }, none],
    [
      'but a denied one is refused whatever else is said',
      { max: undefined, deny: [one] },
      ['vulnerability-denied'],
    ],
  ])('%s', (_title, check, want) => expect(on(check, headers)).toEqual(want));
  test('beside a package that is counted it changes nothing', () => {
    expect(on({}, headers, match(one))).toEqual(vulnerable);
  });
});
