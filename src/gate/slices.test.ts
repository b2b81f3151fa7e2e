import { describe, expect, test } from 'vitest';
import type { Steps } from '../core/steps.ts';
import { createSlices } from './slices.ts';

/** Work of some steps, each of which takes a millisecond of the clock. */
const workshop = () => {
  let now = 0;
  const done: string[] = [];
  function* work(name: string, steps: number): Steps<string> {
    for (let step = 0; step < steps; step++) {
      now += 1;
      done.push(name);
      yield;
    }
    return name;
  }
  return { done, work, slices: createSlices({ monotonic: () => now }, { first: 2, slice: 5 }) };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('R24: a review that takes long keeps nobody waiting', () => {
  test('what takes little time is there at once', () => {
    const { slices, work } = workshop();
    expect(slices.run(work('short', 1))).toBe('short');
  });

  test('what takes long goes on a slice a turn', async () => {
    const { slices, work, done } = workshop();
    const long = slices.run(work('long', 12));
    expect(long).toBeInstanceOf(Promise);
    expect(done).toHaveLength(2);
    await turn();
    expect(done).toHaveLength(7);
    await turn();
    expect(done).toHaveLength(12);
    expect(await long).toBe('long');
  });

  test('several share one slice a turn, and short work comes between', async () => {
    const { slices, work, done } = workshop();
    const all = ['a', 'b', 'c'].map(async (name) => slices.run(work(name, 12)));
    for (let turns = 0; turns < 3; turns++) {
      const before = done.length;
      await turn();
      expect(done.length - before).toBe(5);
      expect(slices.run(work('short', 1))).toBe('short');
    }
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
    expect(slices.run(work('later', 1))).toBe('later');
  });

  test('work that fails, fails for whoever waits for it, and the rest goes on', async () => {
    const { slices, work } = workshop();
    function* failing(): Steps<string> {
      yield* work('failing', 8);
      throw new Error('a defect');
    }
    const failed = slices.run(failing());
    const other = slices.run(work('other', 12));
    await expect(failed).rejects.toThrow('a defect');
    expect(await other).toBe('other');
  });
});
