import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
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

/** A process of its own: its shared threads keep what they got. */
const withShared = `
  const { readdirSync, readFileSync, promises } = require('node:fs');
  const { getPriority } = require('node:os');
  const { Worker } = require('node:worker_threads');
  const thread = \`
    const { getPriority } = require('node:os');
    const { workerData } = require('node:worker_threads');
    import(workerData).then(({ giveWay }) => giveWay(getPriority() + 3, { withShared: true }));
  \`;
  const lowerBy = (wanted) =>
    readdirSync('/proc/self/task')
      .filter((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim() === wanted)
      .map((task) => getPriority(Number(task)) - getPriority());
  // The pool has threads when it was used once.
  promises.stat('/').then(() => {
    new Worker(thread, { eval: true, workerData: process.argv[1] }).once('exit', () => {
      console.log(JSON.stringify([lowerBy('libuv-worker'), lowerBy('V8Worker')]));
    });
  });
`;

test.runIf(process.platform === 'linux')(
  'the threads that unpack and collect garbage give way as well where that is asked for, and the main thread does not',
  async () => {
    const module = new URL('yield.ts', import.meta.url).href;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', withShared, module]);
    const [pool, ofV8] = JSON.parse(stdout) as [number[], number[]];
    expect(new Set(pool)).toEqual(new Set([3]));
    expect(new Set(ofV8)).toEqual(new Set([3]));
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
