import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const module = new URL('hold-event-loop.ts', import.meta.url).href;

/** A process that waits for a timer that holds no process. */
const waiting = (how: string) => {
  const program = `
    const { holdEventLoop } = await import(${JSON.stringify(module)});
    const work = new Promise((resolve, reject) => setTimeout(${how}, 50).unref());
    console.log(await holdEventLoop(work).catch((why) => 'failed with ' + why));
  `;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return { status, stdout };
};

describe('a process whose work waits for nothing that holds the process', () => {
  test('goes on until the work is done, and ends then', () => {
    expect(waiting('() => resolve("done")')).toEqual({ status: 0, stdout: 'done\n' });
  });

  test('goes on until the work has failed, and ends then', () => {
    expect(waiting('() => reject("a fault")')).toEqual({ status: 0, stdout: 'failed with a fault\n' });
  });
});
