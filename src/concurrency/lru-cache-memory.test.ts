import { expect, test } from 'vitest';
import { collectGarbage } from '../../test/collect-garbage.ts';
import { createLruCache } from './lru-cache.ts';

test('what is gone keeps nothing alive that came after it', () => {
  const cache = createLruCache<readonly number[]>({ entries: 1000 });
  for (let n = 0; n < 1000; n++) cache.set(`old ${n}`, []);
  collectGarbage();
  // These are among the old objects now, which the collections of young ones take for alive.
  for (let time = 0; time < 2; time++) collectGarbage({ type: 'minor' });
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 100; n++) {
    cache.set(
      'young',
      Array.from({ length: 30_000 }, () => n),
    );
    cache.delete(`old ${999 - n}`);
    cache.delete('young');
  }
  for (let time = 0; time < 2; time++) collectGarbage({ type: 'minor' });
  // All hundred of them are 24 MB; what else this process does takes some.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
});
