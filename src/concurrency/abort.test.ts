import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { onAbort, sleep, untilAborted, waitAtMost } from './abort.ts';

const listening = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('listening to a signal', () => {
  test('calls once when it ends', () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => calls++);
    expect(calls).toBe(0);
    controller.abort();
    controller.abort();
    expect([calls, listening(controller.signal)]).toEqual([1, 0]);
  });

  test('calls at once when it has ended', () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => calls++);
    expect(calls).toBe(1);
  });

  test('leaves no listener behind when it is stopped, and calls nobody then', () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => calls++)();
    expect(listening(controller.signal)).toBe(0);
    controller.abort();
    expect(calls).toBe(0);
  });
});

describe('waiting for work until a signal', () => {
  const never = new Promise<string>(() => {});

  test('gives the result, or the error, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve('done'), signal, () => 'late')).toBe('done');
    await expect(untilAborted(Promise.reject(new Error('no')), signal, () => 'late')).rejects.toThrow('no');
    expect(listening(signal)).toBe(0);
  });

  test('gives what there is instead when the signal ends first, also before it began', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(never, controller.signal, () => 'late');
    controller.abort();
    expect(await waiting).toBe('late');
    expect(await untilAborted(never, controller.signal, () => undefined)).toBeUndefined();
  });

  test('can make the end of the signal an error', async () => {
    const failing = (): Promise<never> => Promise.reject(new Error('timeout'));
    await expect(untilAborted(never, AbortSignal.abort(), failing)).rejects.toThrow('timeout');
  });

  test('what fails when nobody waits any more is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): number => unhandled.push(error);
    process.on('unhandledRejection', note);
    const work = Promise.withResolvers<string>();
    expect(await untilAborted(work.promise, AbortSignal.abort(), () => 'late')).toBe('late');
    work.reject(new Error('too late'));
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('sleeping', () => {
  test('says whether it was for the whole time', async () => {
    const controller = new AbortController();
    expect(await sleep(1, controller.signal)).toBe(true);
    const long = sleep(60_000, controller.signal);
    controller.abort();
    expect(await long).toBe(false);
    expect(await sleep(60_000, controller.signal)).toBe(false);
    expect(listening(controller.signal)).toBe(0);
  });
});

describe('waiting for work, and not longer than a time', () => {
  test('ends with the work', async () => {
    const began = performance.now();
    await waitAtMost(Promise.resolve('done'), 60_000);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('ends with the time, and the work goes on', async () => {
    const work = Promise.withResolvers<string>();
    await waitAtMost(work.promise, 1);
    work.resolve('done');
    expect(await work.promise).toBe('done');
  });

  test('fails when the work fails first, and not by what fails later', async () => {
    await expect(waitAtMost(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
    const work = Promise.withResolvers<string>();
    await waitAtMost(work.promise, 1);
    work.reject(new Error('too late'));
    await expect(work.promise).rejects.toThrow('too late');
  });
});
