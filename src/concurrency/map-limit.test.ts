import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { mapLimit, mapLimitByKey } from './map-limit.ts';

test('a key that stands still holds up no other, and the results stand in the order of the items', async () => {
  const gate = Promise.withResolvers<undefined>();
  const done: string[] = [];
  const items = ['a1', 'a2', 'a3', 'b1', 'b2'];
  const all = mapLimitByKey(
    items,
    (item) => item.slice(0, 1),
    2,
    async (item) => {
      if (item.startsWith('a')) await gate.promise;
      done.push(item);
      return item.toUpperCase();
    },
  );
  await new Promise(setImmediate);
  expect(done).toEqual(['b1', 'b2']);
  gate.resolve(undefined);
  expect(await all).toEqual(['A1', 'A2', 'A3', 'B1', 'B2']);
});
test('nothing to do is done at once', async () => {
  const never = (): Promise<string> => Promise.reject(new Error('there is no item'));
  expect(await mapLimitByKey([], () => '', 2, never)).toEqual([]);
});

test('results are in the order of the items, at most so many are under way, and all slots are used', async () => {
  let running = 0;
  let most = 0;
  const items = Array.from({ length: 20 }, (_, at) => at);
  const results = await mapLimit(items, 4, async (item) => {
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
  expect(await mapLimit([], 4, () => Promise.reject(new Error('never')))).toEqual([]);
  await expect(
    mapLimit([1, 2], 4, (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item))),
  ).rejects.toThrow('two');
});
