import { expect, test } from 'vitest';
import { roundsUntil } from '../../test/fakes/event-loop.ts';
import { createEventLoopYield, createTurns } from './yield.ts';

const padding = 300 * 1024;

test('those that are large run one after the other, for all callers', async () => {
  const eventLoop = createEventLoopYield();
  const order: number[] = [];
  expect(eventLoop.before(1000)).toBeUndefined();
  const turn = async (name: number): Promise<void> => {
    await eventLoop.before(padding);
    order.push(name);
  };
  const rounds = await roundsUntil(Promise.all([turn(1), turn(2), turn(3)]));
  expect(order).toEqual([1, 2, 3]);
  expect(rounds).toBeGreaterThanOrEqual(3);
});

test('work of many parts lets others run after five milliseconds, and not before', async () => {
  let now = 0;
  const turns = createTurns({ monotonic: () => now });
  let others = 0;
  setImmediate(() => (others += 1));
  for (now = 0; now < 5; now++) await turns.next();
  expect(others).toBe(0);
  await turns.next();
  expect(others).toBe(1);
  setImmediate(() => (others += 1));
  for (now = 5; now < 10; now++) await turns.next();
  expect(others).toBe(1);
  await turns.next();
  expect(others).toBe(2);
});
