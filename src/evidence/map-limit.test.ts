import { expect, test } from 'vitest';
import { inLanes } from './map-limit.ts';

test('a lane that stands still holds up no other, and the results stand in the order of the items', async () => {
  const gate = Promise.withResolvers<undefined>();
  const done: string[] = [];
  const items = ['a1', 'a2', 'a3', 'b1', 'b2'];
  const all = inLanes(
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
  expect(await inLanes([], () => '', 2, never)).toEqual([]);
});
