import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
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

const program = `
  const { readlinkSync } = require('node:fs');
  const { getPriority } = require('node:os');
  const { basename } = require('node:path');
  const { parentPort, workerData } = require('node:worker_threads');
  const own = () => getPriority(Number(basename(readlinkSync('/proc/thread-self'))));
  void import(workerData).then(({ giveWay }) => {
    const before = own();
    giveWay(before + 3);
    parentPort.postMessage(own() - before);
  });
`;

test.runIf(process.platform === 'linux')(
  'a thread gives way by itself: the others keep their priority',
  async () => {
    const before = getPriority();
    const module = new URL('yield.ts', import.meta.url).href;
    const thread = new Worker(program, { eval: true, workerData: module, execArgv: [] });
    const lower = await new Promise((resolve, reject) =>
      thread.once('message', resolve).once('error', reject),
    );
    await thread.terminate();
    expect([lower, getPriority()]).toEqual([3, before]);
  },
);

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
