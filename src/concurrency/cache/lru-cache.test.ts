import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLruCache } from './lru-cache.ts';

test('what was not asked for the longest time goes first', () => {
  const map = createLruCache<number>({ entries: 2 });
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
});

test('a value that alone is too heavy is not kept, and pushes nothing out; what it replaces goes', () => {
  const map = createLruCache<string>({ entries: 10, weight: 10 });
  map.set('a', 'small', 5);
  map.set('b', 'huge', 11);
  expect([map.get('a'), map.get('b')]).toEqual(['small', undefined]);
  map.set('a', 'grown', 11);
  expect(map.get('a')).toBeUndefined();
});

test('whatever is done to it, number and weight stay within their bounds and are true', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    weight: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = createLruCache<number>({ entries: 3, weight: 10 });
      for (const { key, weight } of steps) {
        if (weight === undefined) map.delete(key);
        else map.set(key, weight, weight);
        const held = ['a', 'b', 'c', 'd', 'e'].map((one) => map.get(one)).filter((one) => one !== undefined);
        expect(map.size).toBe(held.length);
        expect(map.weight).toBe(held.reduce((sum, one) => sum + one, 0));
        expect(map.size).toBeLessThanOrEqual(3);
        expect(map.weight).toBeLessThanOrEqual(10);
      }
    }),
  );
});

test('it evicts in the order of use, as a list that is searched from its end would', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isRead: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = createLruCache<string>({ entries: 3 });
      let model: string[] = [];
      for (const { key, isRead } of steps) {
        const isHeld = model.includes(key);
        if (isRead) expect(cache.get(key)).toBe(isHeld ? key : undefined);
        else cache.set(key, key);
        if (isHeld || !isRead) model = [...model.filter((one) => one !== key), key].slice(-3);
      }
      expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined)).toEqual(
        [...model].sort(),
      );
    }),
  );
});

test('what had to go is reported, what was deleted or replaced is not', () => {
  const evicted: string[] = [];
  const cache = createLruCache<number>({ entries: 2, weight: 10 }, (key) => evicted.push(key));
  for (const key of ['a', 'b', 'c']) cache.set(key, 1);
  cache.set('c', 2);
  cache.delete('c');
  expect(evicted).toEqual(['a']);
  cache.set('huge', 1, 11);
  expect(evicted).toEqual(['a', 'huge']);
  expect([cache.has('b'), cache.has('huge')]).toEqual([true, false]);
});

test('whether something is there is no use of it', () => {
  const cache = createLruCache<number>({ entries: 2 });
  for (const key of ['a', 'b']) cache.set(key, 1);
  cache.has('a');
  cache.set('c', 1);
  expect(['a', 'b', 'c'].filter((key) => cache.has(key))).toEqual(['b', 'c']);
});
