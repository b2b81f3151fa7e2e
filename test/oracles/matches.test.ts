import { describe, expect, it } from 'vitest';
import { shownDifference } from './matches/compare-matches.ts';
import { matchDifferences } from './matches/differences.ts';
import { replayGenerated } from './matches/generated.ts';

/** Recorded by `npm run oracles`: what osv-scanner matched of real lists under generated advisories. */
const comparisons = replayGenerated();

describe('recorded matches of osv-scanner', () => {
  it('are those of deb, apk and npm', () => {
    expect(comparisons).toHaveLength(3);
    for (const { packages, both } of comparisons) {
      expect(packages).toBeGreaterThan(30);
      expect(both).toBeGreaterThan(250);
    }
  });

  it('are ours, and ours are theirs, except where a rule stands', () => {
    expect(comparisons.flatMap(({ unexplained }) => unexplained.map(shownDifference))).toEqual([]);
  });

  it.each(matchDifferences.filter(({ data }) => data === 'generated'))('still differ: $why', (row) => {
    expect(comparisons.some(({ explained }) => explained.has(row))).toBe(true);
  });
});

it('at most twenty classes say where others match otherwise', () => {
  expect(matchDifferences.length).toBeLessThanOrEqual(20);
});
