import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createSingleFlight,
  oneAtATime,
  type SharedCall,
  type SingleFlightOptions,
  type Waiter,
} from './single-flight.ts';

type Call = SharedCall<string, Waiter<string>>;
const createCalls = (options: Partial<SingleFlightOptions> = {}) =>
  createSingleFlight<string, Waiter<string>, Call>({ abortsUnawaited: false, ...options });
const waiter = (signal = new AbortController().signal): Waiter<string> => ({
  signal,
  timedOut: () => 'timed out',
});
const controlled = () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let runs = 0;
  return { work: () => (runs++, promise), resolve, reject, runs: () => runs };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a shared call', () => {
  test('is run once for all who join, and is forgotten with its end', async () => {
    const calls = createCalls();
    const { work, resolve, runs } = controlled();
    const call = calls.open('k', (one) => one);
    expect(calls.find('k')).toBe(call);
    const answers = [call.join(waiter()), call.join(waiter())];
    call.run(work);
    expect([calls.size, call.waiting]).toEqual([1, 2]);
    resolve('done');
    expect(await Promise.all(answers)).toEqual(['done', 'done']);
    expect([runs(), calls.size, call.waiting, calls.find('k')]).toEqual([1, 0, 0, undefined]);
  });

  test('gives its failure to all who wait, and to nobody later', async () => {
    const calls = createCalls();
    const { work, reject } = controlled();
    const call = calls.open('k', (one) => one);
    const answers = [call.join(waiter()), call.join(waiter())];
    call.run(work);
    reject(new Error('a bug'));
    for (const answer of answers) await expect(answer).rejects.toThrow('a bug');
    expect(calls.find('k')).toBeUndefined();
  });

  test('that throws before it waits is a failure too', async () => {
    const call = createCalls().open('k', (one) => one);
    const answer = call.join(waiter());
    call.run(() => {
      throw new Error('a bug');
    });
    await expect(answer).rejects.toThrow('a bug');
  });

  test('whose failure nobody waits for is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): number => unhandled.push(error);
    process.on('unhandledRejection', note);
    const call = createCalls().open('k', (one) => one);
    const answer = call.join(waiter(AbortSignal.abort()));
    call.run(() => Promise.reject(new Error('a bug')));
    expect(await answer).toBe('timed out');
    vi.useRealTimers();
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('lets each leave at its own deadline and goes on for the others', async () => {
    const call = createCalls({ abortsUnawaited: true }).open('k', (one) => one);
    const { work, resolve } = controlled();
    const hurried = new AbortController();
    const answers = [call.join(waiter(hurried.signal)), call.join(waiter())];
    call.run(work);
    hurried.abort();
    expect(await answers[0]).toBe('timed out');
    expect([call.signal.aborted, call.waiting]).toEqual([false, 1]);
    resolve('done');
    expect(await answers[1]).toBe('done');
  });

  test.each([true, false])('that nobody waits for any more ends: %s', (abortsUnawaited) => {
    const calls = createCalls({ abortsUnawaited });
    const call = calls.open('k', (one) => one);
    const hurried = [new AbortController(), new AbortController()];
    for (const { signal } of hurried) void call.join(waiter(signal));
    call.run(controlled().work);
    for (const one of hurried) one.abort();
    expect([call.signal.aborted, calls.size]).toEqual([abortsUnawaited, abortsUnawaited ? 0 : 1]);
  });

  test('has a time of its own: then all are timed out, its signal ends, and the next begins anew', async () => {
    const calls = createCalls({ timeout: 100 });
    const call = calls.open('k', (one) => one);
    const answers = [call.join(waiter()), call.join(waiter())];
    call.run(controlled().work);
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(answers)).toEqual(['timed out', 'timed out']);
    expect([call.signal.aborted, calls.find('k')]).toEqual([true, undefined]);
  });

  test('that was replaced under its key does not take the place of the newer one with it', async () => {
    const calls = createCalls();
    const [older, newer] = [controlled(), controlled()];
    const first = calls.open('k', (one) => one);
    const early = first.join(waiter());
    first.run(older.work);
    const second = calls.open('k', (one) => one);
    second.run(newer.work);
    older.resolve('old');
    expect(await early).toBe('old');
    expect(calls.find('k')).toBe(second);
  });

  test('leaves no listener on the signals of those who waited', async () => {
    const call = createCalls().open('k', (one) => one);
    const { signal } = new AbortController();
    const answers = [call.join(waiter(signal)), call.join(waiter(signal))];
    call.run(() => Promise.resolve('done'));
    await Promise.all(answers);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('work that is one at a time runs once for all who ask meanwhile, and anew for who asks later', async () => {
  const works = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let runs = 0;
  const ask = oneAtATime(() => works[runs++]?.promise ?? Promise.reject(new Error('run too often')));
  const [first, second] = [ask(), ask()];
  works[0]?.reject(new Error('the first failed'));
  await expect(first).rejects.toThrow('the first failed');
  await expect(second).rejects.toThrow('the first failed');
  works[1]?.resolve('done');
  expect(await Promise.all([ask(), ask()])).toEqual(['done', 'done']);
  expect(runs).toBe(2);
});
