import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nestsDeeperThan } from './json-depth.ts';
import type { JsonValue } from './json.ts';

test.each([
  ['a text', 'x', 0],
  ['null', null, 0],
  ['an empty list', [], 1],
  ['an object in a list beside a number', [1, { a: 'x' }], 2],
  ['the deepest of several', { a: [[]], b: {}, c: 1 }, 3],
  [
    'more levels than the stack holds',
    JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as JsonValue,
    100_000,
  ],
])('%s', (_what, value, depth) => {
  expect(nestsDeeperThan(value, depth)).toBe(false);
  if (depth > 0) expect(nestsDeeperThan(value, depth - 1)).toBe(true);
});

test('what stands in one more list nests one level deeper', () => {
  const limits = fc.nat({ max: 6 });
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), limits, (value, most) => {
      expect(nestsDeeperThan([value], most + 1)).toBe(nestsDeeperThan(value, most));
    }),
  );
});
