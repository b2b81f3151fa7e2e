import { expect, test } from 'vitest';
import { createTurns, type Turn } from './turns.ts';

const patient = new AbortController().signal;
const giveBack = (turn: Turn): void => {
  if (turn.state !== 'taken') throw new Error(turn.state);
  turn.giveBack();
};
/** Whether a promise has settled by now. */
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const open = {};
  await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
};

test('as many as the limit are under way, the next one starts when a turn is given back, in order', async () => {
  const turns = createTurns(8);
  const [first, second] = await Promise.all([turns.take(2, patient), turns.take(2, patient)]);
  const order: string[] = [];
  const third = turns.take(2, patient).then((turn) => (order.push('third'), turn));
  const fourth = turns.take(2, patient).then((turn) => (order.push('fourth'), turn));
  expect(await settled(third)).toBe(false);
  giveBack(first);
  giveBack(await third);
  giveBack(await fourth);
  expect(order).toEqual(['third', 'fourth']);
  expect(turns.idle()).toBe(false);
  giveBack(second);
  expect(turns.idle()).toBe(true);
});

test('a turn given back twice counts once', async () => {
  const turns = createTurns(8);
  const held = await turns.take(1, patient);
  giveBack(held);
  giveBack(held);
  const next = await turns.take(1, patient);
  const after = turns.take(1, patient);
  expect(await settled(after)).toBe(false);
  giveBack(next);
  giveBack(await after);
});

test('more than may wait are told so at once', async () => {
  const turns = createTurns(1);
  const held = await turns.take(1, patient);
  const waiting = turns.take(1, patient);
  expect(await turns.take(1, patient)).toEqual({ state: 'full' });
  giveBack(held);
  giveBack(await waiting);
  expect((await turns.take(1, patient)).state).toBe('taken');
});

test('whoever gives up while waiting leaves the place to others', async () => {
  const turns = createTurns(1);
  const held = await turns.take(1, patient);
  const impatient = new AbortController();
  const gone = turns.take(1, impatient.signal);
  impatient.abort();
  expect(await gone).toEqual({ state: 'aborted' });
  const next = turns.take(1, patient);
  giveBack(held);
  giveBack(await next);
  expect(turns.idle()).toBe(true);
  expect(await turns.take(1, impatient.signal)).toEqual({ state: 'aborted' });
});

test('a limit that was lowered holds for those who wait', async () => {
  const turns = createTurns(8);
  const held = await Promise.all([turns.take(3, patient), turns.take(3, patient), turns.take(3, patient)]);
  const waiting = turns.take(1, patient);
  giveBack(held[0]);
  giveBack(held[1]);
  expect(await settled(waiting)).toBe(false);
  giveBack(held[2]);
  expect((await waiting).state).toBe('taken');
});
