import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createThreadPool } from './thread-pool.ts';

const createThread = (name: number) => {
  let isEnded = false;
  const end = (): Promise<void> => {
    isEnded = true;
    return Promise.resolve();
  };
  return { name, hasEnded: () => isEnded, end };
};
let started: ReturnType<typeof createThread>[] = [];
const start = () => {
  const thread = createThread(started.length);
  started.push(thread);
  return thread;
};
const ended = (): readonly number[] => started.filter((thread) => thread.hasEnded()).map(({ name }) => name);

beforeEach(() => {
  started = [];
});

describe('a pool of threads', () => {
  test('starts one when none has nothing to do, and gives the last used one first', () => {
    const pool = createThreadPool(start);
    const [first, second] = [pool.take(), pool.take()];
    pool.giveBack(first);
    pool.giveBack(second);
    expect([pool.take().name, pool.take().name, pool.take().name]).toEqual([1, 0, 2]);
  });

  test('gives nobody one that ended while it had nothing to do', async () => {
    const pool = createThreadPool(start);
    const [first, second] = [pool.take(), pool.take()];
    pool.giveBack(first);
    pool.giveBack(second);
    await second.end();
    expect(pool.take()).toBe(first);
  });

  test('ends what is discarded', async () => {
    const pool = createThreadPool(start);
    await pool.discard(pool.take());
    expect(ended()).toEqual([0]);
    expect(pool.take().name).toBe(1);
  });

  test('takes the memory back of what has nothing to do for so long, and of no other', async () => {
    vi.useFakeTimers();
    try {
      const pool = createThreadPool(start, 1000);
      const threads = [pool.take(), pool.take(), pool.take()] as const;
      pool.giveBack(threads[0]);
      pool.giveBack(threads[1]);
      expect(pool.take()).toBe(threads[1]);
      await vi.advanceTimersByTimeAsync(999);
      expect(ended()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(ended()).toEqual([0]);
      expect(pool.take().name).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });

  test('keeps them for ever when no time is set', async () => {
    vi.useFakeTimers();
    try {
      const pool = createThreadPool(start);
      const thread = pool.take();
      pool.giveBack(thread);
      await vi.advanceTimersByTimeAsync(24 * 3_600_000);
      expect(pool.take()).toBe(thread);
    } finally {
      vi.useRealTimers();
    }
  });

  test('ends all of them when it closes, and starts none afterwards', async () => {
    const pool = createThreadPool(start, 1000);
    const [taken, idle] = [pool.take(), pool.take()];
    pool.giveBack(idle);
    await pool.close();
    expect([taken.hasEnded(), idle.hasEnded()]).toEqual([true, true]);
    expect(() => pool.take()).toThrow('about to end');
    expect(started).toHaveLength(2);
  });

  test('leaves it to its caller when none can start', () => {
    const pool = createThreadPool(() => {
      throw new Error('no room');
    });
    expect(() => pool.take()).toThrow('no room');
  });
});
