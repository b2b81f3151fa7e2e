import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, suggest } from './suggestion.ts';

test.each([
  ['one letter too many', 'registeries', 'registries'],
  ['a missing letter', 'regitries', 'registries'],
  ['two swapped letters', 'dney', 'deny'],
  ['another case', 'REQUIREHOST', 'requireHost'],
  ['a plural', 'tag', 'tags'],
])('suggests the nearest name for %s', (_title, given, want) => {
  expect(suggest(given, ['registries', 'tags', 'deny', 'requireHost'])).toBe(want);
});

test.each([['bananas'], ['x'], ['r'.repeat(65)], ['']])('has no far-fetched suggestion for %j', (given) => {
  expect(suggest(given, ['registries', 'requireHost', 'allow'])).toBeUndefined();
});

test('the distance is symmetric, zero only for equal texts, and never more than the longer text', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(fc.tuple(word, word), ([a, b]) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test('removing one letter is one edit', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 19 }), (text, at) => {
      const cut = at % text.length;
      expect(editDistance(text, text.slice(0, cut) + text.slice(cut + 1))).toBe(1);
    }),
  );
});
