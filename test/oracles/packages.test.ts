import { describe, expect, it } from 'vitest';
import { listDifferences } from './packages/differences.ts';
import { replayPackages } from './packages/compare-packages.ts';

/** Recorded by `npm run oracles`: what Syft found in images made of real parts, and what lists of them are made from. */
const images = replayPackages();

describe('recorded package lists of Syft', () => {
  it('are those of an image of Debian with languages, and of rpm', () => {
    expect(images.map(({ name, both }) => ({ name, isLong: both > 30 }))).toEqual([
      { name: 'debian', isLong: true },
      { name: 'almalinux', isLong: true },
    ]);
  });

  it.each(images)('are ours of $name, except where a rule stands', ({ unexplained }) => {
    expect(unexplained).toEqual([]);
  });

  it.each(listDifferences)('still differ: $why', (row) => {
    expect(images.some(({ explained }) => explained.has(row))).toBe(true);
  });

  it('differ for at most twenty reasons', () => {
    expect(listDifferences.length).toBeLessThanOrEqual(20);
  });
});
