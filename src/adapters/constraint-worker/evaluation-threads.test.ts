import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  createEvaluationThreads,
  type ConstraintWorkers,
  type EvaluationThreadOptions,
  type TurnEnd,
} from './evaluation-threads.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-constraint-worker-'));
/** A program that does what the turn says, one thing after the other. */
const playing = pathToFileURL(join(scratch, 'playing.mjs'));
const said = (steps: number) => ({ violations: [], more: 0, withoutMessage: 0, steps });
let ends: TurnEnd[] = [];
const opened: ConstraintWorkers[] = [];
const open = (options: Partial<EvaluationThreadOptions> = {}): ConstraintWorkers => {
  const threads = createEvaluationThreads({
    program: playing,
    threads: 1,
    onEnd: (end) => void ends.push(end),
    ...options,
  });
  opened.push(threads);
  return threads;
};
const never = new AbortController().signal;
const turn = (...parts: readonly string[]) => ({ parts });

beforeAll(() => {
  writeFileSync(
    playing,
    `import { parentPort, threadId } from 'node:worker_threads';
     const post = (reply) => parentPort.postMessage(reply);
     const evaluated = (steps) => post({ evaluated: { violations: [], more: 0, withoutMessage: 0, steps } });
     const does = {
       one: () => evaluated(1),
       'tell the thread': () => evaluated(threadId),
       hang: () => { for (;;); },
       fail: () => { throw new Error('a defect'); },
       die: () => process.exit(1),
       eat: () => { const held = []; for (;;) held.push(new Array(1e5).fill(held.length)); },
       wait: () => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300), evaluated(1)),
       'die later': () => (setTimeout(() => process.exit(1), 10), evaluated(1)),
     };
     parentPort.on('message', ({ parts }) => {
       post({ begun: true });
       try {
         for (const part of parts) does[part]();
         post({ over: true });
       } catch (error) {
         post({ failed: error.message });
       }
     });`,
  );
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((threads) => threads.close()));
  ends = [];
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('a thread takes a turn', () => {
  test('and tells what came of each evaluation, in order', async () => {
    const threads = open();
    expect(await threads.evaluate(turn('one', 'one'), 'shop', never)).toEqual({
      evaluated: [said(1), said(1)],
    });
    expect(threads.busy()).toBe(0);
    expect(ends).toEqual(['evaluated']);
  });

  test('the next turn finds the same thread, and a new one when it had nothing to do for long', async () => {
    const threads = open({ idleMs: 200 });
    const [first, second] = [
      await threads.evaluate(turn('tell the thread'), 'shop', never),
      await threads.evaluate(turn('tell the thread'), 'shop', never),
    ];
    expect(second).toEqual(first);
    await new Promise((again) => setTimeout(again, 1000));
    expect(await threads.evaluate(turn('tell the thread'), 'shop', never)).not.toEqual(first);
  });

  test('one that ended while nobody asked it anything costs the next turn nothing', async () => {
    const threads = open();
    await threads.evaluate(turn('die later'), 'shop', never);
    await new Promise((again) => setTimeout(again, 1000));
    expect(await threads.evaluate(turn('one'), 'shop', never)).toEqual({ evaluated: [said(1)] });
  });
});

describe('what a thread could not evaluate has failed, and the next turn finds a fresh thread', () => {
  test.each([
    ['a defect', 'fail', 'a defect'],
    ['a thread that ends', 'die', 'the thread ended'],
    ['more memory than a thread has', 'eat', 'memory limit'],
  ])('%s', async (_what, part, why) => {
    const threads = open();
    expect(await threads.evaluate(turn('one', part, 'one'), 'shop', never)).toEqual({
      evaluated: [said(1)],
      failed: { why: expect.stringContaining(why), isBegun: true },
    });
    expect(await threads.evaluate(turn('one'), 'shop', never)).toEqual({ evaluated: [said(1)] });
    expect(ends).toEqual(['failed', 'evaluated']);
  });

  test.each([
    ['a program that cannot start', { program: pathToFileURL(join(scratch, 'nowhere.js')) }, turn('one')],
    ['values that cannot be sent', {}, { parts: () => {} }],
  ])('%s was not begun', async (_what, options, asked) => {
    expect(await open(options).evaluate(asked, 'shop', never)).toEqual({
      evaluated: [],
      failed: { why: expect.any(String), isBegun: false },
    });
  });

  test('one that does not come to an end is ended with the time of its review', async () => {
    const threads = open();
    await threads.evaluate(turn('one'), 'shop', never);
    expect(await threads.evaluate(turn('hang'), 'evil', AbortSignal.timeout(300))).toBe('late');
    expect(await threads.evaluate(turn('one'), 'shop', never)).toEqual({ evaluated: [said(1)] });
    expect(ends).toEqual(['evaluated', 'late', 'evaluated']);
    expect(threads.busy()).toBe(0);
  });

  test('what runs when the gate ends, and what comes then', async () => {
    const threads = open();
    const running = threads.evaluate(turn('hang'), 'shop', never);
    await new Promise((again) => setTimeout(again, 300));
    await threads.close();
    expect(await running).toMatchObject({ evaluated: [], failed: {} });
    expect(await threads.evaluate(turn('one'), 'shop', never)).toMatchObject({ failed: { isBegun: false } });
  });
});

describe('R26: threads are shared between namespaces', () => {
  test('one that asks for a lot does not keep another waiting', async () => {
    const threads = open();
    const order: string[] = [];
    const ask = async (namespace: string): Promise<void> => {
      await threads.evaluate(turn('wait'), namespace, never);
      order.push(namespace);
    };
    await Promise.all([...Array.from({ length: 6 }, () => ask('evil')), ask('good')]);
    expect(order).toHaveLength(7);
    expect(order.indexOf('good')).toBeLessThan(3);
  });

  test('beyond what may wait it has failed, of the one that asks for a lot before all', async () => {
    const threads = open({ waiting: 4 });
    const running = threads.evaluate(turn('wait'), 'evil', never);
    const flood = Array.from({ length: 5 }, () => threads.evaluate(turn('one'), 'evil', never));
    const good = threads.evaluate(turn('one'), 'good', never);
    expect(await good).toEqual({ evaluated: [said(1)] });
    await running;
    const outcomes = await Promise.all(flood);
    const full = { evaluated: [], failed: { why: expect.stringContaining('too many'), isBegun: false } };
    expect(outcomes.slice(2)).toEqual([full, full, full]);
    expect(ends).toContain('full');
  });

  test('who waits leaves with the time of the review', async () => {
    const threads = open();
    const running = threads.evaluate(turn('wait'), 'evil', never);
    expect(await threads.evaluate(turn('one'), 'shop', AbortSignal.timeout(50))).toBe('late');
    expect(await running).toEqual({ evaluated: [said(1)] });
  });
});
