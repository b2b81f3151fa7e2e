import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../../test/fakes/claims.ts';
import { anyExpression, policy } from '../../../../test/fakes/policy-set.ts';
import { readPolicy } from './schema.ts';
import { endOfDay } from './vulnerabilities.ts';

const least = { evidence: [{ sbom: { unsigned: true } }], unscanned: 'Deny', gaps: 'Warn' };
const at = 'spec.checks.0.vulnerabilities';
const authority = { name: 'ci', key: { pem: signingKey().pem } };
const problems = (vulnerabilities: object): readonly string[] => {
  const read = readPolicy(
    {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: { checks: [{ vulnerabilities }] },
    },
    anyExpression,
  );
  if (read.ok) return [];
  return read.error.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('the check vulnerabilities is read', () => {
  test('with its defaults', () => {
    const { spec } = policy('p', { checks: [{ vulnerabilities: { ...least, max: { critical: 0 } } }] });
    expect(spec.checks).toEqual([
      {
        vulnerabilities: {
          max: { critical: 0 },
          unknownSeverity: 'high',
          onlyFixable: false,
          gracePeriod: '0s',
          knownExploited: false,
          deny: [],
          accept: [],
          evidence: [{ sbom: { unsigned: true } }],
          maxAge: '5d',
          unscanned: 'Deny',
          gaps: 'Warn',
          allowGaps: [],
        },
      },
    ]);
  });

  test.each([
    ['max', { max: { low: 10 } }],
    ['maxScore', { maxScore: 8.9 }],
    ['knownExploited', { knownExploited: true }],
    ['deny', { deny: ['CVE-2021-44228'] }],
  ])('with %s as its only limit', (_, limit) => expect(problems({ ...least, ...limit })).toEqual([]));

  test('what the gate finds itself, unless another list is named', () => {
    const { spec } = policy('p', {
      checks: [{ vulnerabilities: { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny' } }],
    });
    expect(spec.checks).toMatchObject([{ vulnerabilities: { evidence: [{ catalog: {} }] } }]);
  });

  test('lists that somebody attested', () => {
    const evidence = [{ sbom: { unsigned: true } }, { sbom: { authorities: [authority] } }];
    expect(problems({ ...least, max: { critical: 0 }, evidence })).toEqual([]);
  });

  test('with everything', () => {
    const accept = [
      { id: 'CVE-2023-4911', package: 'pkg:deb/debian/glibc', until: '2027-01-31', reason: 'not called' },
    ];
    const all = { max: { critical: 0, high: 5 }, unknownSeverity: 'low', maxScore: 8.9, onlyFixable: true };
    const more = {
      gracePeriod: '14d',
      knownExploited: true,
      deny: ['CVE-2021-44228'],
      accept,
      maxAge: '24h',
    };
    expect(problems({ ...least, ...all, ...more, allowGaps: ['unowned-binary'] })).toEqual([]);
  });
});

describe('R5: what is wrong or does nothing is refused, with its place', () => {
  const max = { max: { critical: 0 } };
  test.each([
    ['no limit at all', least, `${at}: this check limits nothing: add \`max\``],
    ['nothing but a grace', { ...least, gracePeriod: '14d' }, `${at}: this check limits nothing`],
    ['a limit on no level', { ...least, max: {} }, `${at}.max: limits nothing`],
    [
      'B34: no word for images without a list',
      { ...max, evidence: least.evidence, gaps: 'Deny' },
      `${at}.unscanned: missing field`,
    ],
    [
      'B34: no word for gaps',
      { ...max, evidence: least.evidence, unscanned: 'Deny' },
      `${at}.gaps: missing field`,
    ],
    [
      'a catalog with fields that nobody knows',
      { ...least, ...max, evidence: [{ catalog: { deep: true } }] },
      `${at}.evidence.0.catalog.deep: unknown field`,
    ],
    [
      'two lists in one entry',
      { ...least, ...max, evidence: [{ catalog: {}, sbom: { unsigned: true } }] },
      `${at}.evidence.0: names no list, or two`,
    ],
    [
      'attested lists of nobody',
      { ...least, ...max, evidence: [{ sbom: { authorities: [] } }] },
      `${at}.evidence.0.sbom.authorities:`,
    ],
    [
      'two authorities of one name',
      { ...least, ...max, evidence: [{ sbom: { authorities: [authority, authority] } }] },
      `${at}.evidence.0.sbom.authorities.1.name: "ci" is the name of another authority`,
    ],
    [
      'authorities that this version does not know',
      { ...least, ...max, evidence: [{ sbom: { authorities: [{ name: 'n', notation: {} }] } }] },
      `${at}.evidence.0.sbom.authorities.0.notation: this version cannot run`,
    ],
    [
      'lists of nobody and of somebody in one entry',
      { ...least, ...max, evidence: [{ sbom: { unsigned: true, authorities: [authority] } }] },
      `${at}.evidence.0.sbom: names no list, or two`,
    ],
    [
      'a list of no kind',
      { ...least, ...max, evidence: [{ sbom: {} }] },
      `${at}.evidence.0.sbom: names no list`,
    ],
    ['no source', { ...least, ...max, evidence: [{}] }, `${at}.evidence.0: names no list`],
    [
      'an acceptance without an end',
      { ...least, ...max, accept: [{ id: 'CVE-2023-4911' }] },
      `${at}.accept.0.until: missing field`,
    ],
    [
      'an end that is no day',
      { ...least, ...max, accept: [{ id: 'x', until: '2027-02-30' }] },
      `${at}.accept.0.until: "2027-02-30": must be a day`,
    ],
    [
      'a package that is no URL',
      { ...least, ...max, accept: [{ id: 'x', until: '2027-02-01', package: 'glibc' }] },
      `${at}.accept.0.package:`,
    ],
    [
      'a package with qualifiers',
      {
        ...least,
        ...max,
        accept: [{ id: 'x', until: '2027-02-01', package: 'pkg:deb/debian/glibc?arch=amd64' }],
      },
      `${at}.accept.0.package:`,
    ],
    ['a kind of gap that is none', { ...least, ...max, allowGaps: ['unowned'] }, `${at}.allowGaps.0:`],
    ['a score that CVSS has not', { ...least, maxScore: 11 }, `${at}.maxScore:`],
    ['a feed that may have no age', { ...least, ...max, maxAge: '0s' }, `${at}.maxAge:`],
    ['a word that is none', { ...least, ...max, unscanned: 'Allow' }, `${at}.unscanned:`],
  ])('%s', (_, check, want) => expect(problems(check)[0]).toContain(want));
});

test('V17: a day ends with its last millisecond (UTC)', () => {
  expect(endOfDay('2027-01-31')).toBe(Date.UTC(2027, 1, 1) - 1);
  for (const none of ['2027-1-31', '2027-13-01', '2027-01-32', '0027-01-01', '', '2027-01-31T00:00:00Z'])
    expect(endOfDay(none)).toBeUndefined();
});
