import { expect, test } from 'vitest';
import { createTtlCache } from './ttl-cache.ts';

const createCache = (limits: { readonly entries: number; readonly weight?: number }) => {
  let now = 0;
  const cache = createTtlCache<string>(limits, { monotonic: () => now });
  return { cache, pass: (milliseconds: number) => (now += milliseconds) };
};

test('an entry ends when its time is over, though it was read meanwhile', () => {
  const { cache, pass } = createCache({ entries: 8 });
  cache.set('a', 'one', 100);
  pass(99);
  expect(cache.get('a')).toBe('one');
  pass(1);
  expect(cache.get('a')).toBeUndefined();
});

test('what is kept for no time is not there, and what it replaces is gone', () => {
  const { cache } = createCache({ entries: 8 });
  cache.set('a', 'one', 100);
  for (const ttl of [0, -1, Number.NaN]) {
    cache.set('a', 'two', ttl);
    expect(cache.get('a')).toBeUndefined();
  }
});

test('it is bounded by number and by weight', () => {
  const { cache } = createCache({ entries: 2, weight: 10 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key, 100, 3);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 'b', 'c']);
  cache.set('d', 'd', 100, 9);
  expect(['b', 'c', 'd'].map((key) => cache.get(key))).toEqual([undefined, undefined, 'd']);
});

test('entries that ended do not stay for want of somebody who asks for them', () => {
  const { cache, pass } = createCache({ entries: 100 });
  for (const key of ['a', 'b', 'c']) cache.set(key, key, 100);
  pass(100);
  cache.set('d', 'd', 100);
  expect(cache.size).toBe(1);
});
