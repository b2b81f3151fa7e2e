import { describe, expect, test } from 'vitest';
import { policy } from '../../../../test/fakes/policy-set.ts';
import { lintPolicies } from './lint.ts';

const now = Date.UTC(2027, 0, 10, 12);
const remarks = (check: object): readonly string[] => {
  const vulnerabilities = {
    evidence: [{ sbom: { unsigned: true } }],
    unscanned: 'Deny',
    gaps: 'Deny',
    ...check,
  };
  const written = policy('p', { checks: [{ vulnerabilities }] });
  return lintPolicies([written], now).map(({ path, message }) => `${path.slice(4).join('.')}: ${message}`);
};

describe('V9: what nobody rated has a limit', () => {
  test('remarked where its level has none', () => {
    expect(remarks({ max: { critical: 0 } })).toEqual([
      expect.stringMatching(/^unknownSeverity: what nobody rated counts as high, and `max` has no limit/),
    ]);
    expect(remarks({ max: { high: 1 }, unknownSeverity: 'medium' })).toHaveLength(1);
  });
  test('not remarked where it has one, or where no level has', () => {
    expect(remarks({ max: { critical: 0 }, unknownSeverity: 'critical' })).toEqual([]);
    expect(remarks({ maxScore: 9 })).toEqual([]);
  });
});

describe('V17: an acceptance is told of before it ends', () => {
  test.each<[string, string, string | undefined]>([
    ['15 days ahead: not yet', '2027-01-25', undefined],
    ['14 days ahead', '2027-01-24', 'is accepted until the end of 2027-01-24 (UTC)'],
    ['on its day', '2027-01-10', 'is accepted until the end of 2027-01-10 (UTC)'],
    ['after it', '2027-01-09', 'is not accepted any more since the end of 2027-01-09'],
  ])('%s', (_, until, want) => {
    const found = remarks({ maxScore: 9, accept: [{ id: 'CVE-2026-1', until }] });
    expect(found).toEqual(want === undefined ? [] : [expect.stringContaining(want)]);
  });

  test('and where `deny` has it anyway', () => {
    expect(remarks({ deny: ['CVE-2026-1'], accept: [{ id: 'CVE-2026-1', until: '2028-01-01' }] })).toEqual([
      expect.stringContaining('accept.0: accepts nothing: `deny` holds CVE-2026-1 too'),
    ]);
  });
});

test('B1: a policy that judges what is in the image pins by itself, so nothing is remarked', () => {
  expect(remarks({ maxScore: 9 })).toEqual([]);
});
