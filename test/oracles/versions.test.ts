import { describe, expect, it } from 'vitest';
import { readVersionRecording } from './recording.ts';
import { differing, digestOfPairs, pairsOfScheme, versionSchemes } from './versions/compare-orders.ts';
import { rowFor, versionDifferences, type AnsweredPair } from './versions/differences.ts';
import { drawPairs } from './versions/draw.ts';

/** Recorded by `npm run oracles`: what package managers said of the order of generated versions. */
const recording = readVersionRecording();
const seen: AnsweredPair[] = [];

describe.each(versionSchemes)('20,000 recorded pairs of versions of %s', (scheme) => {
  const { pairs: digest, answers } = recording.orders[scheme]!;
  const pairs = drawPairs(scheme, recording.seed, pairsOfScheme);

  it('are the pairs that the seed draws', () => {
    expect(digestOfPairs(pairs)).toBe(digest);
    expect(answers).toHaveLength(pairsOfScheme);
    for (const sign of '<=>') expect(answers.split(sign).length).toBeGreaterThan(400);
  });

  it('are ordered by the package manager as by us, except where a reason stands', () => {
    const found = differing(scheme, pairs, answers);
    seen.push(...found);
    expect(found.filter((pair) => rowFor(pair) === undefined)).toEqual([]);
  });
});

it.each(versionDifferences)('recorded pairs of versions of $scheme differ because $why', (row) => {
  expect(seen.filter((pair) => rowFor(pair) === row).length).toBeGreaterThan(0);
});
