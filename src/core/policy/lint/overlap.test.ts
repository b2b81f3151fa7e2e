import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, matchesPattern, type ImagePattern } from '../../image/pattern.ts';
import { parseReference } from '../../image/reference.ts';
import { globsOverlap, patternsOverlap } from './overlap.ts';

const pattern = (text: string): ImagePattern => {
  const compiled = compilePattern(text, 'allow');
  if (!compiled.ok) throw new Error(`${text}: ${compiled.error.why}`);
  return compiled.value;
};

test.each([
  ['a', 'a', true],
  ['a', 'b', false],
  ['*', 'anything', true],
  ['team*', '*-web', true],
  ['team*', 'other*', false],
  ['*a', '*b', false],
  ['a*b*c', 'ab*', true],
  ['a*b', 'a*c', false],
  ['', '*', true],
  ['', 'a', false],
])('globs %j and %j overlap: %j', (left, right, want) => {
  expect(globsOverlap(left, right)).toBe(want);
  expect(globsOverlap(right, left)).toBe(want);
});

describe('patterns', () => {
  test.each([
    ['a.io/**', 'b.io/**', false],
    ['a.io/**', 'a.io:5000/**', false],
    ['a.io/**', 'a.io/team/web', true],
    ['a.io/**', '**', true],
    ['a.io/team/**', 'a.io/team', false],
    ['a.io/team/**', 'a.io/*/web', true],
    ['a.io/**/web', 'a.io/team/**', true],
    ['a.io/**/web', 'a.io/team/**/api', false],
    ['a.io/*', 'a.io/*/*', false],
    ['a.io/**', 'a.io/*', true],
    ['docker.io/library/*', 'docker.io/bitnami/*', false],
  ])('%s and %s share an image: %j', (left, right, want) => {
    expect(patternsOverlap(pattern(left), pattern(right))).toBe(want);
    expect(patternsOverlap(pattern(right), pattern(left))).toBe(want);
  });

  const component = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', '**');
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => `r.io/${parts.join('/')}`);
  const image = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'aab', 'c'), { minLength: 1, maxLength: 5 })
    .map((parts) => `r.io/${parts.join('/')}`);
  test('two patterns that match one image overlap', () => {
    fc.assert(
      fc.property(path, path, image, (left, right, name) => {
        const parsed = parseReference(name);
        if (!parsed.ok) throw new Error(name);
        const [one, other] = [pattern(left), pattern(right)];
        if (!matchesPattern(one, parsed.value) || !matchesPattern(other, parsed.value)) return;
        expect(patternsOverlap(one, other)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
