import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { comparePaths, inOrder } from './order.ts';

test.each([
  ['indices compare as numbers', 'spec.containers[2].image', 'spec.containers[10].image', -1],
  ['the same is the same', 'a[1]', 'a[1]', 0],
  ['lists compare by name', 'spec.containers[9].image', 'spec.initContainers[0].image', -1],
  ['what goes on comes later', 'spec.a', 'spec.a[0]', -1],
  ['no path comes first', '', 'spec', -1],
  ['a number comes before a letter', 'a[0]', 'a[b]', -1],
])('%s', (_title, a, b, want) => {
  expect(Math.sign(comparePaths(a, b))).toBe(want);
  expect(Math.sign(comparePaths(b, a)) + want).toBe(0);
});

test('puts findings in the order of policy, path and check, and keeps the order of those that are alike', () => {
  const finding = fc.record({
    policy: fc.constantFrom('', 'a', 'b'),
    check: fc.constantFrom('image', 'tags'),
    path: fc.option(
      fc.integer({ max: 12, min: 0 }).map((at) => `spec.containers[${at}].image`),
      { nil: undefined },
    ),
    message: fc.string({ maxLength: 3 }),
  });
  const compare = (a: Finding, b: Finding): number =>
    (a.policy < b.policy ? -1 : Number(a.policy > b.policy)) ||
    comparePaths(a.path ?? '', b.path ?? '') ||
    (a.check < b.check ? -1 : Number(a.check > b.check));
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 30 }), (findings) => {
      const all = findings as unknown as readonly Finding[];
      expect(inOrder(all)).toEqual([...all].sort(compare));
    }),
  );
});
