import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPatience, type Patience } from './patience.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<void>(() => {});
/** Milliseconds until the patience ends. */
const endOf = async (patience: Patience, milliseconds: number, during: (at: number) => void = () => {}) => {
  let isOver = false;
  void patience.atMost(never, milliseconds).then(() => (isOver = true));
  for (let at = 0; at < 10_000; at += 10) {
    during(at);
    if (isOver) return at;
    await vi.advanceTimersByTimeAsync(10);
  }
  return Infinity;
};

describe('patience with work', () => {
  test('ends with the work, and leaves no timer behind', async () => {
    await createPatience().atMost(Promise.resolve(), 500);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gives the error of the work on', async () => {
    await expect(createPatience().atMost(Promise.reject(new Error('no')), 500)).rejects.toThrow('no');
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['that nobody tells anything of', (_patience: Patience) => {}],
    ['that has begun', (patience: Patience) => void patience.begin()],
    [
      'of which one part alone waits for its turn',
      (patience: Patience) => {
        patience.begin().turn.waits();
        patience.begin();
      },
    ],
    [
      'whose turn has come',
      (patience: Patience) => {
        const { turn } = patience.begin();
        turn.waits();
        turn.comes();
        turn.comes();
      },
    ],
    [
      'that waits for its turn beside work that has ended',
      (patience: Patience) => {
        const { turn, ends } = patience.begin();
        turn.waits();
        ends();
      },
    ],
  ])('%s: its time is that of the clock', async (_what, prepare) => {
    const patience = createPatience();
    prepare(patience);
    expect(await endOf(patience, 500)).toBe(500);
  });

  test('the time in which all of it waits for its turn does not count', async () => {
    const patience = createPatience();
    const { turn } = patience.begin();
    expect(
      await endOf(patience, 500, (at) => {
        if (at === 200) turn.waits();
        if (at === 900) turn.comes();
      }),
    ).toBe(1200);
  });

  test('S2: it ends even so: a line that others made must not keep the next one from being looked at', async () => {
    const patience = createPatience();
    patience.begin().turn.waits();
    expect(await endOf(patience, 500)).toBe(2000);
  });
});
