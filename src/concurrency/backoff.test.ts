import { expect, test } from 'vitest';
import { createBackoff, exponentialDelay } from './backoff.ts';

test('waits grow, stay within their bounds and heed the server', () => {
  const backoff = createBackoff({ first: 100, max: 1000 }, () => 1);
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
    100, 200, 400, 800, 1000,
  ]);
  expect(backoff.next(5000)).toBe(5000);
  backoff.reset();
  expect(backoff.next()).toBe(100);
  expect(createBackoff({ first: 100, max: 1000 }, () => 0).next()).toBe(50);
});

test('the wait stays at its bound, however many failures there were', () => {
  expect([0, 1, 3, 1e9].map((failures) => exponentialDelay({ first: 500, max: 30_000 }, failures))).toEqual([
    500, 1000, 4000, 30_000,
  ]);
});
