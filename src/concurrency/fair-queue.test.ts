import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue, type QueueCapacity } from './fair-queue.ts';

interface Item {
  readonly lane: string;
  readonly n: number;
  readonly weight: number;
}

const open = (capacity: QueueCapacity) => {
  const lost: Item[] = [];
  const queue = new FairQueue<Item>(
    ({ weight }) => weight,
    (item) => lost.push(item),
  );
  const add = (lane: string, n: number, weight = 1): boolean =>
    queue.add(lane, `${n}`, { lane, n, weight }, capacity);
  const all = (): string[] => {
    const taken: string[] = [];
    for (let item = queue.take(); item !== undefined; item = queue.take())
      taken.push(`${item.lane}${item.n}`);
    return taken;
  };
  const held = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { lane } of queue.items()) counts[lane] = (counts[lane] ?? 0) + 1;
    return counts;
  };
  return { queue, add, all, held, lost };
};

describe('a queue that is shared by namespace (R26, B45)', () => {
  test('is first in, first out for one namespace', () => {
    const { add, all } = open({ items: 10, weight: 10 });
    for (let n = 0; n < 5; n++) expect(add('a', n)).toBe(true);
    expect(all()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  test('takes from each namespace in turn, however much one of them has waiting', () => {
    const { add, all } = open({ items: 100, weight: 100 });
    for (let n = 0; n < 50; n++) add('evil', n);
    add('shop', 0);
    add('bank', 0);
    add('shop', 1);
    expect(all().slice(0, 6)).toEqual(['evil0', 'shop0', 'bank0', 'evil1', 'shop1', 'evil2']);
  });

  test('one namespace may have the whole capacity while no other one needs any', () => {
    const { add, held } = open({ items: 10, weight: 100 });
    for (let n = 0; n < 20; n++) expect(add('a', n)).toBe(n < 10);
    expect(held()).toEqual({ a: 10 });
  });

  test('the one that holds most gives way, its newest first, and what came before stays', () => {
    const { add, all, lost } = open({ items: 8, weight: 100 });
    for (let n = 0; n < 12; n++) add('evil', n);
    expect(add('shop', 0)).toBe(true);
    expect(add('shop', 1)).toBe(true);
    expect(lost.map(({ lane, n }) => `${lane}${n}`)).toEqual(['evil7', 'evil6']);
    expect(all()).toEqual(['evil0', 'shop0', 'evil1', 'shop1', 'evil2', 'evil3', 'evil4', 'evil5']);
  });

  test('one gets no more than a quarter from another that was there before', () => {
    const { add, held } = open({ items: 100, weight: 1000 });
    for (let n = 0; n < 100; n++) add('shop', n);
    for (let n = 0; n < 1000; n++) expect(add('evil', n)).toBe(n < 25);
    expect(held()).toEqual({ shop: 75, evil: 25 });
  });

  test('two that flood leave a third its share', () => {
    const { add, held } = open({ items: 80, weight: 1000 });
    for (let n = 0; n < 1000; n++) {
      add('evil', n);
      add('worse', n);
      if (n % 10 === 0 && n < 200) expect(add('shop', n)).toBe(true);
    }
    expect(held()).toEqual({ shop: 20, evil: 30, worse: 30 });
  });

  test('many that flood leave one more what it wants, although each holds less than a quarter', () => {
    const { add, held } = open({ items: 100, weight: 1000 });
    for (let n = 0; n < 1000; n++) add(`evil-${n % 10}`, n);
    for (let n = 0; n < 9; n++) expect(add('shop', n)).toBe(true);
    expect(held()['shop']).toBe(9);
  });

  test('what is larger than the capacity is refused, by an empty queue and by one that others fill', () => {
    const { queue, add, lost } = open({ items: 10, weight: 10 });
    expect(add('a', 0, 11)).toBe(false);
    add('b', 1, 1);
    expect(add('a', 0, 11)).toBe(false);
    expect([queue.count, queue.weight, lost]).toEqual([1, 1, []]);
  });

  test('one with nothing gets one place, however small the capacity is', () => {
    const { add, held } = open({ items: 2, weight: 100 });
    for (let n = 0; n < 4; n++) add('evil', n);
    expect(add('shop', 0)).toBe(true);
    expect(held()).toEqual({ evil: 1, shop: 1 });
  });

  test('few large items give way as many small ones do', () => {
    const { add, held } = open({ items: 1000, weight: 100 });
    for (let n = 0; n < 10; n++) add('evil', n, 10);
    for (let n = 0; n < 25; n++) expect(add('shop', n)).toBe(true);
    expect(held()).toEqual({ evil: 7, shop: 25 });
  });

  test('an item of the same key takes the place of the first one, and needs no capacity of its own', () => {
    const { queue, add, lost } = open({ items: 2, weight: 100 });
    add('a', 0);
    add('a', 1);
    expect(queue.add('a', '0', { lane: 'a', n: 7, weight: 3 }, { items: 2, weight: 100 })).toBe(true);
    expect(queue.get('a', '0')?.n).toBe(7);
    expect(queue.get('b', '0')).toBeUndefined();
    expect(queue.weight).toBe(4);
    expect([queue.take()?.n, queue.take()?.n, queue.take()]).toEqual([7, 1, undefined]);
    expect(lost).toEqual([]);
  });

  test('what is not ready is left, and does not hold up what is', () => {
    const { queue, add } = open({ items: 10, weight: 10 });
    add('a', 0);
    add('a', 1);
    add('b', 2);
    const odd = ({ n }: Item): boolean => n % 2 === 1;
    expect(queue.take(odd)?.n).toBe(1);
    expect(queue.take(odd)).toBeUndefined();
    expect(queue.count).toBe(2);
  });

  test('always counts what it holds, never holds more than its capacity, and keeps the order of each namespace', () => {
    const step = fc.oneof(
      fc.record({ lane: fc.constantFrom('a', 'b', 'c'), weight: fc.integer({ min: 1, max: 5 }) }),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const { queue, add } = open({ items: 12, weight: 30 });
        const last: Record<string, number> = {};
        steps.forEach((one, n) => {
          if (one !== 'take') add(one.lane, n, one.weight);
          else {
            const item = queue.take();
            if (item === undefined) return expect(queue.count).toBe(0);
            expect(item.n).toBeGreaterThan(last[item.lane] ?? -1);
            last[item.lane] = item.n;
          }
          const items = [...queue.items()];
          expect(queue.count).toBe(items.length);
          expect(queue.weight).toBe(items.reduce((sum, { weight }) => sum + weight, 0));
          expect(queue.count).toBeLessThanOrEqual(12);
          expect(queue.weight).toBeLessThanOrEqual(30);
        });
      }),
    );
  });

  test('a long queue is taken from its front without growing slower', () => {
    const { queue, add } = open({ items: 200_000, weight: 200_000 });
    for (let n = 0; n < 200_000; n++) add('a', n);
    for (let n = 0; n < 200_000; n++) expect(queue.take()?.n).toBe(n);
    expect(queue.count).toBe(0);
  });
});
