import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from './glob.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';

test.each([
  ['an exact name', 'kube-system', 'kube-system', true],
  ['nothing implicit at the end', 'kube', 'kube-system', false],
  ['nothing implicit at the start', 'system', 'kube-system', false],
  ['a star in the end', 'team-*', 'team-a', true],
  ['a star may be empty', 'team-*', 'team-', true],
  ['a star in the middle', 'a*c', 'abbbc', true],
  ['several stars', '*-prod-*', 'shop-prod-1', true],
  ['a star cannot invent text', '*-prod', 'shop-dev', false],
  ['no text needs a glob of stars', '**', '', true],
])('%s', (_title, glob, text, want) => {
  expect(matchesGlob(glob, text)).toBe(want);
});

test('B31, R24: a text is read once, whatever the glob', () => {
  const timeOf = (glob: string, text: string): number =>
    threadTime(() => {
      for (let time = 0; time < 50; time++) expect(matchesGlob(glob, text)).toBe(false);
    });
  for (const glob of [`${'*a'.repeat(60)}b`, '*ab*ab*b', 'a*b', '*b*']) {
    const text = 'a'.repeat(8192);
    timeOf(glob, text);
    expect(timeOf(glob, text.repeat(32))).toBeLessThan(32 * 20 * timeOf(glob, text) + 1000);
  }
});

test('agrees with the regular expression it stands for', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(glob, text, (pattern, name) => {
      expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
    }),
  );
});
