import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../../test/fakes/claims.ts';
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
  test('not remarked where it has one, or where nothing is rated', () => {
    expect(remarks({ max: { critical: 0 }, unknownSeverity: 'critical' })).toEqual([]);
    expect(remarks({ deny: ['CVE-2026-1'] })).toEqual([]);
  });
  test('remarked where a score is the only limit: what nobody scored would pass', () => {
    expect(remarks({ maxScore: 9 })).toEqual([
      expect.stringMatching(/^maxScore: what nobody scored passes; /),
    ]);
    expect(remarks({ maxScore: 9, max: { high: 0 } })).toEqual([]);
  });
});

describe('V17: an acceptance is told of before it ends', () => {
  test.each<[string, string, string | undefined]>([
    ['15 days ahead: not yet', '2027-01-25', undefined],
    ['14 days ahead', '2027-01-24', 'is accepted until the end of 2027-01-24 (UTC)'],
    ['on its day', '2027-01-10', 'is accepted until the end of 2027-01-10 (UTC)'],
    ['after it', '2027-01-09', 'is not accepted any more since the end of 2027-01-09'],
  ])('%s', (_, until, want) => {
    const found = remarks({ max: { high: 0 }, accept: [{ id: 'CVE-2026-1', until }] });
    expect(found).toEqual(want === undefined ? [] : [expect.stringContaining(want)]);
  });

  test('and where `deny` has it anyway', () => {
    expect(remarks({ deny: ['CVE-2026-1'], accept: [{ id: 'CVE-2026-1', until: '2028-01-01' }] })).toEqual([
      expect.stringContaining('accept.0: accepts nothing: `deny` holds CVE-2026-1 too'),
    ]);
  });
});

test('B1: a policy that judges what is in the image pins by itself, so nothing is remarked', () => {
  expect(remarks({ max: { high: 0 } })).toEqual([]);
});

describe('authorities of lists are as those of attestations', () => {
  const evidence = (authority: object) => [{ sbom: { authorities: [{ name: 'ci', ...authority }] } }];
  test('one that is anybody is remarked', () => {
    const identities = [{ issuer: 'https://issuer.example', subjectRegex: '.*' }];
    const found = remarks({ max: { high: 0 }, evidence: evidence({ keyless: { identities } }) });
    expect(found).toEqual([
      expect.stringMatching(
        /^evidence\.0\.sbom\.authorities\.0\.keyless\.identities\.0: matches everybody to whom the CA writes/,
      ),
    ]);
  });

  test('a key is not: what it says of packages is about one digest', () => {
    const found = remarks({ max: { high: 0 }, evidence: evidence({ key: { pem: signingKey().pem } }) });
    expect(found).toEqual([]);
  });
});
