import { expect, test } from 'vitest';
import { collectGarbage } from '../../../test/collect-garbage.ts';
import { createLruCache } from './lru-cache.ts';

/** Bytes that collections of young objects leave behind a hundred values of 80 KB that came and went. */
const keptBytes = (): number => {
  const cache = createLruCache<readonly number[]>({ entries: 1000 });
  for (let n = 0; n < 1000; n++) cache.set(`old ${n}`, []);
  collectGarbage();
  // These are among the old objects now, which the collections of young ones take for alive.
  for (let time = 0; time < 2; time++) collectGarbage({ type: 'minor' });
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 100; n++) {
    cache.set(
      'young',
      Array.from({ length: 10_000 }, () => n),
    );
    cache.delete(`old ${999 - n}`);
    cache.delete('young');
  }
  for (let time = 0; time < 2; time++) collectGarbage({ type: 'minor' });
  return process.memoryUsage().heapUsed - before;
};

test('what is gone keeps nothing alive that came after it', () => {
  // What V8 compiles meanwhile may keep something alive, once.
  const kept = Array.from({ length: 5 }, keptBytes);
  expect(Math.min(...kept), `bytes kept: ${kept.join(', ')}`).toBeLessThan(2 * 1024 * 1024);
});
