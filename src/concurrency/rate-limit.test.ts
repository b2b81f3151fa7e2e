import { expect, test } from 'vitest';
import { createTokenBucket, waitForPermit } from './rate-limit.ts';

const clockAt = () => {
  let time = 0;
  return { now: () => time, monotonic: () => time, pass: (milliseconds: number) => (time += milliseconds) };
};

test('a burst passes at once, and then as many as the rate allows', () => {
  const clock = clockAt();
  const limit = createTokenBucket({ perSecond: 10, burst: 3 }, clock);
  expect([limit.take(), limit.take(), limit.take(), limit.take()]).toEqual([0, 0, 0, 100]);
  clock.pass(100);
  expect([limit.take(), limit.take()]).toEqual([0, 100]);
});

test('what was not used is saved up to a burst, and no further', () => {
  const clock = clockAt();
  const limit = createTokenBucket({ perSecond: 10, burst: 2 }, clock);
  clock.pass(3_600_000);
  expect([limit.take(), limit.take(), limit.take()]).toEqual([0, 0, 100]);
});

test('who waits for a permit gets it when it is due, or leaves with the signal', async () => {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const limit = createTokenBucket({ perSecond: 100, burst: 1 }, clock);
  const patient = new AbortController().signal;
  expect(await waitForPermit(limit, patient)).toBe(true);
  expect(await waitForPermit(limit, patient)).toBe(true);
  const leaving = new AbortController();
  const waiting = waitForPermit(createTokenBucket({ perSecond: 0.001, burst: 0 }, clock), leaving.signal);
  leaving.abort();
  expect(await waiting).toBe(false);
  expect(await waitForPermit(limit, AbortSignal.abort())).toBe(false);
});
