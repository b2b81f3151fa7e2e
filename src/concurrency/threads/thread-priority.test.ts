import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

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
    const module = new URL('thread-priority.ts', import.meta.url).href;
    const thread = new Worker(program, { eval: true, workerData: module, execArgv: [] });
    const lower = await new Promise((resolve, reject) =>
      thread.once('message', resolve).once('error', reject),
    );
    await thread.terminate();
    expect([lower, getPriority()]).toEqual([3, before]);
  },
);

/** A process of its own: its shared threads keep what they got. The thread runs `first`. */
const lowered = (first: string): string => `
  const { readdirSync, readFileSync, promises } = require('node:fs');
  const { getPriority } = require('node:os');
  const { Worker } = require('node:worker_threads');
  const thread = \`
    const { getPriority } = require('node:os');
    const { workerData } = require('node:worker_threads');
    import(workerData).then(({ giveWay, favourEventLoop }) => ${first});
  \`;
  const nicesOf = (wanted) =>
    readdirSync('/proc/self/task')
      .filter((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim() === wanted)
      .map((task) => getPriority(Number(task)));
  // The pool has threads when it was used once.
  promises.stat('/').then(() => {
    new Worker(thread, { eval: true, workerData: process.argv[1] }).once('exit', () => {
      console.log(JSON.stringify([nicesOf('libuv-worker'), nicesOf('V8Worker')]));
    });
  });
`;

/** The nice values of the threads of libuv, and of those of V8. */
const nicesAfter = async (first: string): Promise<readonly (readonly number[])[]> => {
  const module = new URL('thread-priority.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', lowered(first), module]);
  return (JSON.parse(stdout) as number[][]).map((of) => [...new Set(of)]);
};

const own = getPriority();

test.runIf(process.platform === 'linux').each([
  [
    'the threads that unpack and collect garbage give way as well where that is asked for, and the main thread does not',
    'giveWay(getPriority() + 3, { withShared: true })',
    [[own + 3], [own + 3]],
  ],
  [
    'those of V8, which compile what runs often, give way by 14 at most',
    'giveWay(19, { withShared: true })',
    [[19], [14]],
  ],
  ['on one core those of V8 give way to the event loop', 'favourEventLoop(1)', [[own], [14]]],
  [
    'what gives way by more goes on to',
    '(favourEventLoop(1), giveWay(getPriority() + 3, { withShared: true }))',
    [[own + 3], [14]],
  ],
  ['on two cores nobody gives way to the event loop', 'favourEventLoop(2)', [[own], [own]]],
])('%s', async (_, first, expected) => {
  expect(await nicesAfter(first)).toEqual(expected);
});
