import { describe, expect, test } from 'vitest';
import type { Steps } from '../../core/steps.ts';
import { createSlices } from './slices.ts';

interface Named {
  readonly name: string;
}

/** Work of some steps, each of which takes a millisecond of the clock. */
const workshop = () => {
  let now = 0;
  const done: string[] = [];
  function* work(name: string, steps: number): Steps<Named> {
    for (let step = 0; step < steps; step++) {
      now += 1;
      done.push(name);
      yield;
    }
    return { name };
  }
  return { done, work, slices: createSlices({ monotonic: () => now }, { first: 2, slice: 5 }) };
};

/** Each in a namespace of its own unless told otherwise. */
const of = (namespace: string, isOver = () => false) => ({ namespace, isOver });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('R24: a review that takes long keeps nobody waiting', () => {
  test('what takes little time is there at once', () => {
    const { slices, work } = workshop();
    expect(slices.run(work('short', 1), of('short'))).toEqual({ name: 'short' });
  });

  test('what takes long goes on a slice a turn', async () => {
    const { slices, work, done } = workshop();
    const long = slices.run(work('long', 12), of('long'));
    expect(long).toBeInstanceOf(Promise);
    expect(done).toHaveLength(2);
    await turn();
    expect(done).toHaveLength(7);
    await turn();
    expect(done).toHaveLength(12);
    expect(await long).toEqual({ name: 'long' });
  });

  test('what is made of its result does not lengthen the turn of its last slice', async () => {
    const { slices, work, done } = workshop();
    let isSettled = false;
    const settled = Promise.resolve(slices.run(work('long', 6), of('long'))).then(() => (isSettled = true));
    await turn();
    expect([done.length, isSettled]).toEqual([6, false]);
    await settled;
  });

  test('several share one slice a turn, and short work comes between', async () => {
    const { slices, work, done } = workshop();
    const all = ['a', 'b', 'c'].map(async (name) => slices.run(work(name, 12), of(name)));
    for (let turns = 0; turns < 3; turns++) {
      const before = done.length;
      await turn();
      expect(done.length - before).toBe(5);
      expect(slices.run(work('short', 1), of('short'))).toEqual({ name: 'short' });
    }
    expect(await Promise.all(all)).toEqual([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    expect(slices.run(work('later', 1), of('later'))).toEqual({ name: 'later' });
  });

  test('work that fails, fails for those who wait for it, and the rest goes on', async () => {
    const { slices, work } = workshop();
    function* failing(): Steps<Named> {
      yield* work('failing', 8);
      throw new Error('a defect');
    }
    const failed = slices.run(failing(), of('failing'));
    const other = slices.run(work('other', 12), of('other'));
    await expect(failed).rejects.toThrow('a defect');
    expect(await other).toEqual({ name: 'other' });
  });
});

describe('R24, R26: many large reviews at one time', () => {
  test('of one namespace end one after the other: what is half done holds memory', async () => {
    const { slices, work, done } = workshop();
    const all = ['a', 'b', 'c'].map((name) => Promise.resolve(slices.run(work(name, 12), of('evil'))));
    const first = await Promise.race(all);
    expect(first).toEqual({ name: 'a' });
    // No more of the others than what each did before it waited.
    expect(done.filter((name) => name === 'b')).toHaveLength(2);
    expect(await Promise.all(all)).toHaveLength(3);
  });

  test('leave one of another namespace half of the time', async () => {
    const { slices, work, done } = workshop();
    const evil = Array.from({ length: 50 }, async () => slices.run(work('evil', 100), of('evil')));
    const before = done.filter((name) => name === 'evil').length;
    expect(await slices.run(work('honest', 100), of('shop'))).toEqual({ name: 'honest' });
    expect(done.filter((name) => name === 'evil').length - before).toBeLessThanOrEqual(110);
    expect(await Promise.all(evil)).toHaveLength(50);
  });

  test('of many namespaces are half done of so many at one time, and all of them end', async () => {
    const { slices, work, done } = workshop();
    const names = Array.from({ length: 30 }, (_, n) => `n${String(n)}`);
    const all = names.map((name) => Promise.resolve(slices.run(work(name, 22), of(name))));
    for (let turns = 0; turns < 16; turns++) await turn();
    const begun = names.filter((name) => done.filter((one) => one === name).length > 2);
    expect(begun).toHaveLength(8);
    expect(await Promise.all(all)).toHaveLength(30);
  });

  test('are given up when nobody waits for them any more', async () => {
    const { slices, work, done } = workshop();
    let isOver = false;
    const evil = of('evil', () => isOver);
    const all = ['a', 'b'].map(async (name) => slices.run(work(name, 12), evil));
    await turn();
    isOver = true;
    expect(await Promise.all(all)).toEqual([undefined, undefined]);
    expect(done).toHaveLength(9);
    expect(await slices.run(work('later', 12), of('evil'))).toEqual({ name: 'later' });
  });
});
