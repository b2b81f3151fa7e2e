import { expect, test } from 'vitest';
import { deadlineAfter } from '../../gate/deadline.ts';
import { createTurns } from './turns.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const soon = () => deadlineAfter(30, clock);
const later = () => deadlineAfter(5_000, clock);

test('R19: one at a time, in order of arrival', async () => {
  const turns = createTurns();
  const order: number[] = [];
  let inside = 0;
  const visit = async (number: number): Promise<void> => {
    const giveBack = await turns.take(later());
    expect(++inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    order.push(number);
    inside--;
    giveBack?.();
  };
  await Promise.all([visit(1), visit(2), visit(3)]);
  expect(order).toEqual([1, 2, 3]);
});

test('who waits too long gets no turn and blocks nobody behind', async () => {
  const turns = createTurns();
  const first = await turns.take(later());
  const second = turns.take(soon());
  const third = turns.take(later());
  expect(await second).toBeUndefined();
  first?.();
  const giveBack = await third;
  expect(giveBack).toBeDefined();
  giveBack?.();
});

test('the event loop goes round between two turns', async () => {
  const turns = createTurns();
  const first = await turns.take(later());
  let got = false;
  const second = turns.take(later()).then(() => (got = true));
  first?.();
  for (let at = 0; at < 20; at++) await Promise.resolve();
  expect(got).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  await second;
  expect(got).toBe(true);
});
