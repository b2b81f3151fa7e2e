import { describe, expect, test } from 'vitest';
import { andFinally, andThen, orElse } from './awaitable.ts';

const broken = new Error('broken');
const fail = (): never => {
  throw broken;
};
const failLater = (): Promise<never> => Promise.reject(broken);

describe('a value that is there', () => {
  test('goes on at once, without a promise', () => {
    expect(andThen(1, (value) => value + 1)).toBe(2);
  });
  test('goes on when it will be there', async () => {
    const later = andThen(Promise.resolve(1), (value) => value + 1);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(2);
  });
  test('an error of what goes on is thrown where the value was there, and rejects where it was not', async () => {
    expect(() => andThen(1, fail)).toThrow(broken);
    await expect(andThen(Promise.resolve(1), fail)).rejects.toBe(broken);
  });
});

describe('work that may fail', () => {
  const failed = (error: unknown): unknown => [error];
  test.each([
    ['a result is the result', () => 1, 1],
    ['a later result is the result', () => Promise.resolve(1), 1],
    ['an error is handed on', fail, [broken]],
    ['a later error is handed on', failLater, [broken]],
  ])('%s', async (_, work: () => unknown, expected) => {
    expect(await orElse(work, failed)).toEqual(expected);
  });
  test('nothing is waited for where the work is done', () => {
    expect(orElse(() => 1, fail)).toBe(1);
    expect(orElse(fail, () => 2)).toBe(2);
  });
});

describe('what is cleaned up', () => {
  test.each([
    ['after a result', () => 1],
    ['after a later result', () => Promise.resolve(1)],
    ['after an error', fail],
    ['after a later error', failLater],
  ])('once, %s', async (_, work: () => unknown) => {
    let count = 0;
    const cleaned = async (): Promise<unknown> => andFinally(work, () => void count++);
    await cleaned().catch((error: unknown) => expect(error).toBe(broken));
    expect(count).toBe(1);
  });
  test('not before the work has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    let isClean = false;
    const result = andFinally(
      () => promise,
      () => void (isClean = true),
    );
    expect(isClean).toBe(false);
    resolve(1);
    expect(await result).toBe(1);
    expect(isClean).toBe(true);
  });
});
