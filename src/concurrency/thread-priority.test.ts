import { getPriority } from 'node:os';
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
