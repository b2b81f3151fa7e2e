import { expect, test } from 'vitest';

import { decisionNumber } from '../decisions/decision-store.contract.ts';
import { recordForm } from '../decisions/recorder.ts';
import { WriteQueue } from './write-queue.ts';

const limits = { maxItems: 10, maxBytes: 1_000_000 };
const open = () => new WriteQueue(limits, recordForm, () => expect.unreachable('nothing has to give way'));

test('R26: repeats that wait are one, with the highest count, in whatever order their answers go out', () => {
  const queue = open();
  queue.add(decisionNumber(1));
  for (const count of [3, 2, 5, 4])
    expect(queue.add({ ...decisionNumber(1), count, json: Buffer.from(`{"count":${count}}`) })).toBe(true);
  queue.add(decisionNumber(2));
  expect(queue.held).toBe(2);
  expect(queue.batch(limits)).toMatchObject([
    { count: 5, json: Buffer.from('{"count":5}') },
    { id: decisionNumber(2).id },
  ]);
});

test('a repeat of what is under way waits for its own turn', () => {
  const queue = open();
  queue.add(decisionNumber(1));
  queue.batch(limits);
  queue.add({ ...decisionNumber(1), count: 2 });
  expect(queue.held).toBe(2);
  queue.finish();
  expect(queue.batch(limits)).toMatchObject([{ count: 2 }]);
});

test('the second half of a halved batch is the next one, before what has come since', () => {
  const queue = open();
  for (const n of [1, 3, 5, 7]) queue.add(decisionNumber(n));
  queue.batch(limits);
  expect(queue.halve()).toBe(true);
  queue.add(decisionNumber(9));
  const rest: string[][] = [];
  while (queue.held > 0) {
    rest.push(queue.batch(limits).map(({ id }) => id));
    queue.finish();
  }
  expect(rest).toEqual([
    [decisionNumber(1).id, decisionNumber(3).id],
    [decisionNumber(5).id, decisionNumber(7).id],
    [decisionNumber(9).id],
  ]);
  expect(queue.relaxed).toBe(true);
});

test('is full when the batch under way fills it', () => {
  const queue = new WriteQueue({ maxItems: 2, maxBytes: 1_000_000 }, recordForm, () => undefined);
  queue.add(decisionNumber(1));
  queue.add(decisionNumber(2));
  queue.batch(limits);
  expect(queue.add(decisionNumber(3))).toBe(false);
  queue.finish();
  expect(queue.add(decisionNumber(3))).toBe(true);
});
