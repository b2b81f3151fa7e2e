import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairSemaphore, type FairSemaphore, type Acquisition } from './fair-semaphore.ts';

const ignore = (): void => {};
const patient = new AbortController().signal;
const of =
  (...names: readonly string[]) =>
  (): readonly string[] =>
    names;
const release = (turn: Acquisition): void => {
  if (turn.state !== 'acquired') throw new Error(turn.state);
  turn.release();
};
/** Whether a promise has settled by now. */
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const open = {};
  await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
};
/** Takes as much as one owner gets, and keeps it. */
const takeAll = (semaphore: FairSemaphore, owner: string): (() => void)[] => {
  const held: (() => void)[] = [];
  for (;;) {
    const back = semaphore.tryAcquire(of(owner));
    if (back === undefined) return held;
    held.push(back);
  }
};

describe('how much one owner gets (R26)', () => {
  test.each<[number, number, number, number]>([
    [1, 1, 0, 0],
    [2, 2, 0, 0],
    [4, 2, 1, 1],
    [8, 4, 2, 2],
    [16, 8, 4, 4],
    [4096, 2048, 1024, 1024],
  ])('of %i places the first takes %i, the second %i, and a third still finds %i', (places, ...expected) => {
    const semaphore = createFairSemaphore({ places, waiting: 0 });
    expect(['evil', 'worse', 'shop'].map((owner) => takeAll(semaphore, owner).length)).toEqual(expected);
  });

  test('two that come at the same time and do their worst leave a third its quarter, in whatever order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 64 }),
        fc.array(fc.tuple(fc.constantFrom('evil', 'worse'), fc.boolean()), { maxLength: 300 }),
        (places, steps) => {
          const semaphore = createFairSemaphore({ places, waiting: 64 });
          const held: (() => void)[] = [];
          for (const [owner, gives] of steps) {
            if (gives) held.shift()?.();
            else semaphore.join(of(owner), (back) => held.push(back), ignore);
          }
          expect(semaphore.held).toBeLessThanOrEqual(places);
          expect(takeAll(semaphore, 'shop').length).toBeGreaterThanOrEqual(Math.floor(places / 4));
        },
      ),
    );
  });

  test('amounts count as what they are', () => {
    const semaphore = createFairSemaphore({ places: 100, waiting: 0 });
    expect(semaphore.tryAcquire(of('evil'), 51)).toBeUndefined();
    const back = semaphore.tryAcquire(of('evil'), 50);
    expect(semaphore.tryAcquire(of('evil'), 1)).toBeUndefined();
    expect(semaphore.tryAcquire(of('shop'), 25)).toBeDefined();
    back?.();
    back?.();
    expect(semaphore.held).toBe(25);
  });
});

describe('who comes next (R26)', () => {
  const order = async (semaphore: FairSemaphore, owners: readonly string[]): Promise<readonly string[]> => {
    const held = await semaphore.acquire(of('first'), patient);
    const came: string[] = [];
    const holders = owners.map(async (owner) => {
      const turn = await semaphore.acquire(of(owner), patient);
      came.push(owner);
      await Promise.resolve();
      release(turn);
    });
    release(held);
    await Promise.all(holders);
    return came;
  };

  test('owners are served round robin, however many of one wait', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 64 });
    const came = await order(semaphore, ['evil', 'evil', 'evil', 'evil', 'evil', 'shop', 'other', 'shop']);
    expect(came).toEqual(['evil', 'shop', 'other', 'evil', 'shop', 'evil', 'evil', 'evil']);
  });

  test('within one owner the first comes first', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 64 });
    const held = await semaphore.acquire(of('shop'), patient);
    const came: number[] = [];
    const holders = [1, 2, 3].map(async (number) => {
      const turn = await semaphore.acquire(of('shop'), patient);
      came.push(number);
      release(turn);
    });
    release(held);
    await Promise.all(holders);
    expect(came).toEqual([1, 2, 3]);
  });

  test('the owner that holds least comes first', async () => {
    const semaphore = createFairSemaphore({ places: 8, waiting: 64 });
    const evil = takeAll(semaphore, 'evil');
    const shop = [semaphore.tryAcquire(of('shop')), semaphore.tryAcquire(of('shop'))];
    const other = [semaphore.tryAcquire(of('other')), semaphore.tryAcquire(of('other'))];
    expect([evil.length, semaphore.held]).toEqual([4, 8]);
    const came: string[] = [];
    for (const owner of ['evil', 'evil', 'shop', 'other'])
      semaphore.join(of(owner), () => void came.push(owner), ignore);
    other[0]?.();
    shop[0]?.();
    expect(came.sort()).toEqual(['other', 'shop']);
  });

  test('the owner that holds least comes first, although another one has waited longer', () => {
    const semaphore = createFairSemaphore({ places: 16, waiting: 64 });
    const held = ['evil', 'worse', 'shop'].map((owner) => takeAll(semaphore, owner));
    expect(held.map(({ length }) => length)).toEqual([8, 4, 4]);
    const came: string[] = [];
    for (const owner of ['shop', 'bank']) semaphore.join(of(owner), () => void came.push(owner), ignore);
    held[2]?.[0]?.();
    expect(came).toEqual(['bank']);
  });

  test('work that others join waits in the line of each of them', async () => {
    const semaphore = createFairSemaphore({ places: 8, waiting: 64 });
    const evil = takeAll(semaphore, 'evil');
    const owners = new Set(['evil']);
    const joined = semaphore.acquire(() => owners, patient);
    expect(await settled(joined)).toBe(false);
    owners.add('shop');
    evil[0]?.();
    release(await joined);
    expect(semaphore.held).toBe(3);
  });
});

describe('a line', () => {
  test('of one owner is half of what may wait, and more are refused at once', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 8 });
    const held = await semaphore.acquire(of('evil'), patient);
    const waiting = Array.from({ length: 4 }, () => semaphore.acquire(of('evil'), patient));
    expect(await semaphore.acquire(of('evil'), patient)).toEqual({ state: 'full' });
    const shop = semaphore.acquire(of('shop'), patient);
    expect(await settled(shop)).toBe(false);
    release(held);
    for (const turn of [...waiting, shop]) void turn.then(release);
    await Promise.all([...waiting, shop]);
    expect(semaphore.idle()).toBe(true);
  });

  test('is left by a caller that gives up, and the place is free for others', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 1 });
    const held = await semaphore.acquire(of('shop'), patient);
    const impatient = new AbortController();
    const gone = semaphore.acquire(of('shop'), impatient.signal);
    impatient.abort();
    expect(await gone).toEqual({ state: 'aborted' });
    const next = semaphore.acquire(of('shop'), patient);
    release(held);
    release(await next);
    expect(semaphore.idle()).toBe(true);
    expect(await semaphore.acquire(of('shop'), impatient.signal)).toEqual({ state: 'aborted' });
  });

  test('a turn given back twice counts once', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 8 });
    const held = await semaphore.acquire(of('shop'), patient);
    release(held);
    release(held);
    const next = await semaphore.acquire(of('shop'), patient);
    expect(await settled(semaphore.acquire(of('shop'), patient))).toBe(false);
    release(next);
  });

  test('moves on when there are more places, and waits when there are fewer', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 8 });
    const held = await semaphore.acquire(of('shop'), patient);
    const second = semaphore.acquire(of('shop'), patient);
    semaphore.resize(3);
    release(await second);
    semaphore.resize(1);
    const third = semaphore.acquire(of('shop'), patient);
    expect(await settled(third)).toBe(false);
    release(held);
    release(await third);
  });
});

describe('a line that is full (R26)', () => {
  /** A line of so many, behind one who holds the only place; who waits, and who gave way. */
  const lineOf = (waiting: number) => {
    const semaphore = createFairSemaphore({ places: 1, waiting });
    const back = semaphore.tryAcquire(of('first'));
    const lost: string[] = [];
    const came: string[] = [];
    const join = (owner: string): boolean => {
      const start = (release: () => void): void => {
        came.push(owner);
        release();
      };
      return semaphore.join(of(owner), start, () => lost.push(owner)) !== undefined;
    };
    return { semaphore, join, lost, came, end: () => back?.() };
  };

  test('of three that do their worst loses the newest of the one that stands in it most to a fourth, up to its quarter', () => {
    const { semaphore, join, lost, came, end } = lineOf(16);
    for (const owner of ['evil', 'worse', 'worst']) while (join(owner) && lost.length === 0);
    expect([semaphore.waiting, lost]).toEqual([16, []]);
    expect([1, 2, 3, 4, 5].map(() => join('shop'))).toEqual([true, true, true, true, false]);
    expect(lost).toEqual(['evil', 'evil', 'evil', 'evil']);
    expect(semaphore.waiting).toBe(16);
    end();
    expect(came.filter((owner) => owner === 'shop')).toHaveLength(4);
    expect(semaphore.idle()).toBe(true);
  });

  test('of very many that stand in it once each takes nobody else', () => {
    const { join, lost } = lineOf(8);
    for (let n = 0; n < 8; n++) expect(join(`n${String(n)}`)).toBe(true);
    expect([join('shop'), lost]).toEqual([false, []]);
  });

  test('a caller that gave way learns that it is full, and its signal is heard no more', async () => {
    const semaphore = createFairSemaphore({ places: 1, waiting: 4 });
    semaphore.tryAcquire(of('first'));
    const evil = ['evil', 'evil', 'worse', 'worst'].map((owner) => semaphore.acquire(of(owner), patient));
    const shop = semaphore.acquire(of('shop'), patient);
    expect(await settled(shop)).toBe(false);
    expect(await evil[1]).toEqual({ state: 'full' });
    expect(semaphore.waiting).toBe(4);
  });
});
