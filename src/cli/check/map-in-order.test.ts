import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inOrder } from './map-in-order.ts';

test('results are in the order of the items, at most so many are under way, and all slots are used', async () => {
  let running = 0;
  let most = 0;
  const items = Array.from({ length: 20 }, (_, at) => at);
  const results = await inOrder(items, 4, async (item) => {
    running++;
    most = Math.max(most, running);
    await setTimeout(item % 3);
    running--;
    return item * 2;
  });
  expect(results).toEqual(items.map((item) => item * 2));
  expect(most).toBe(4);
});

test('nothing to do is nothing, and one error ends it', async () => {
  expect(await inOrder([], 4, () => Promise.reject(new Error('never')))).toEqual([]);
  await expect(
    inOrder([1, 2], 4, (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item))),
  ).rejects.toThrow('two');
});
