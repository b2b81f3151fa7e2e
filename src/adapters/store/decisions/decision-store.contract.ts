import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DecisionStore, StoredDecision } from '../../../gate/decision-store.ts';
import type { RetentionPolicy } from '../../../gate/store.ts';

const start = Date.UTC(2026, 0, 1);
const keepAll: RetentionPolicy = { maxAgeMs: 1e12, maxBytes: 1e12, slice: 100 };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The `n`th decision, a second after the one before it; every third denies. */
export const decisionNumber = (n: number, padding = ''): StoredDecision => ({
  id: `replica-${String(n).padStart(9, '0')}`,
  time: start + n * 1000,
  allowed: n % 3 !== 0,
  kind: 'Pod',
  ...(n % 2 === 0 ? { namespace: 'production', name: `web-${n}` } : {}),
  json: encode(JSON.stringify({ n, padding })),
});
export const decisionNumbers = (from: number, to: number, padding = ''): StoredDecision[] =>
  Array.from({ length: to - from }, (_, at) => decisionNumber(from + at, padding));

const numbersOf = (jsons: readonly string[]): number[] =>
  jsons.map((json) => (JSON.parse(json) as { n: number }).n);

const pruneAll = async (store: DecisionStore, policy: RetentionPolicy, now: number): Promise<number[]> => {
  const slices: number[] = [];
  for (;;) {
    const { removed, more } = await store.prune(policy, now);
    slices.push(removed);
    if (!more) return slices;
  }
};

/** What `decisions` and `explain` rely on. */
const readsBack = (store: () => DecisionStore): void => {
  test('gives back what was appended, newest first', async () => {
    await store().append(decisionNumbers(0, 3));
    await store().append(decisionNumbers(3, 5));
    expect(numbersOf(await store().recent({ limit: 100 }))).toEqual([4, 3, 2, 1, 0]);
  });

  test('orders decisions of one millisecond by their arrival', async () => {
    const batch = decisionNumbers(0, 400).map((decision) => ({ ...decision, time: start }));
    await store().append(batch);
    expect(numbersOf(await store().recent({ limit: 400 }))).toEqual(
      Array.from({ length: 400 }, (_, n) => 399 - n),
    );
  });

  test.each([
    ['the newest of a limit', { limit: 2 }, [9, 8]],
    ['nothing for a limit of 0', { limit: 0 }, []],
    ['those since a time, inclusive', { limit: 100, since: start + 7000 }, [9, 8, 7]],
    ['denials only', { limit: 100, denied: true }, [9, 6, 3, 0]],
    ['allowed and denied when `denied` is false', { limit: 3, denied: false }, [9, 8, 7]],
    ['denials since a time up to a limit', { limit: 1, denied: true, since: start + 1000 }, [9]],
    ['nothing when all are older', { limit: 100, since: start + 10_000 }, []],
  ])('finds %s', async (_title, query, want) => {
    await store().append(decisionNumbers(0, 10));
    expect(numbersOf(await store().recent(query))).toEqual(want);
  });

  test('has no upper limit of its own', async () => {
    await store().append(decisionNumbers(0, 1000));
    const all = numbersOf(await store().recent({ limit: 1_000_000 }));
    expect(all).toEqual(Array.from({ length: 1000 }, (_, n) => 999 - n));
    expect(await store().recent({ limit: 1_000_000, denied: true })).toHaveLength(334);
  });

  test('finds one by its id', async () => {
    await store().append(decisionNumbers(0, 5));
    expect(await store().find(decisionNumber(3).id)).toBe(decode(decisionNumber(3).json));
    expect(await store().find('replica-of-nobody')).toBeUndefined();
  });
};

/** What the recorder relies on. */
const takesBatches = (store: () => DecisionStore): void => {
  test('keeps any text as it is', async () => {
    const json = JSON.stringify({ n: 1, text: `ü 漢字 😀 \u0000 ' " ; -- ${'x'.repeat(65_536)}` });
    await store().append([
      { ...decisionNumber(1), json: encode(json), namespace: `'); DROP TABLE decisions; --` },
    ]);
    expect(await store().find(decisionNumber(1).id)).toBe(json);
  });

  test('takes a batch again, as after a fault whose outcome is not known', async () => {
    await store().append(decisionNumbers(0, 3));
    await store().append(decisionNumbers(0, 5));
    expect(numbersOf(await store().recent({ limit: 100 }))).toEqual([4, 3, 2, 1, 0]);
  });

  test.each([
    ['one after the other', [2, 3, 5], 5],
    ['out of order', [5, 2, 3], 5],
    ['twice', [2, 2], 2],
    ['after a first one that was lost', [7], 7],
  ])('keeps repeats as one, with the highest count, when they come %s', async (_title, counts, want) => {
    const repeat = (count: number): StoredDecision => ({
      ...decisionNumber(1),
      time: start + count * 60_000,
      count,
      json: encode(JSON.stringify({ n: count })),
    });
    if (want < 7) await store().append([decisionNumber(1)]);
    await store().append([decisionNumber(2)]);
    for (const count of counts) await store().append([repeat(count)]);
    // The latest of them is what it is ordered by, and what `--since` asks about.
    expect(numbersOf(await store().recent({ limit: 100 }))).toEqual([want, 2]);
    expect(numbersOf(await store().recent({ limit: 100, since: start + want * 60_000 }))).toEqual([want]);
    expect(await store().find(decisionNumber(1).id)).toBe(JSON.stringify({ n: want }));
    await store().append([decisionNumber(1)]);
    expect(await store().find(decisionNumber(1).id)).toBe(JSON.stringify({ n: want }));
  });

  test('stores nothing of a batch that holds something it cannot store, and says that it never will', async () => {
    const broken = { ...decisionNumber(2), id: null as unknown as string };
    await expect(store().append([decisionNumber(1), broken])).rejects.toMatchObject({
      name: 'StoreFault',
      kind: 'rejected',
    });
    expect(await store().recent({ limit: 100 })).toEqual([]);
    await store().append([decisionNumber(1)]);
    expect(await store().recent({ limit: 100 })).toHaveLength(1);
  });
};

/** What retention relies on. */
const forgets = (store: () => DecisionStore): void => {
  test('forgets by age, oldest first, a slice at a time', async () => {
    await store().append(decisionNumbers(0, 250));
    const policy = { ...keepAll, maxAgeMs: 10_000 };
    const slices = await pruneAll(store(), policy, start + 249_000);
    expect(Math.max(...slices)).toBeLessThanOrEqual(100);
    expect(slices.reduce((a, b) => a + b)).toBe(239);
    expect(numbersOf(await store().recent({ limit: 100 }))).toEqual([
      249, 248, 247, 246, 245, 244, 243, 242, 241, 240, 239,
    ]);
  });

  test('forgets by size, oldest first, and no more than needed', async () => {
    const padding = 'x'.repeat(10_000);
    const here = (from: number): StoredDecision[] =>
      decisionNumbers(from, from + 100, padding).map((one) => ({ ...one, namespace: 'production' }));
    for (let n = 0; n < 1000; n += 100) await store().append(here(n));
    const policy = { ...keepAll, maxBytes: 4_000_000, slice: 20 };
    const slices = await pruneAll(store(), policy, start);
    expect(Math.max(...slices)).toBeLessThanOrEqual(20);
    const left = numbersOf(await store().recent({ limit: 1000 }));
    expect(left[0]).toBe(999);
    expect(left).toEqual(left.map((_, at) => 999 - at));
    expect(left.length).toBeGreaterThan(150);
    expect(left.length).toBeLessThan(400);
  });

  test('removes nothing that the policy keeps', async () => {
    await store().append(decisionNumbers(0, 10));
    expect(await store().prune(keepAll, start + 10_000)).toEqual({ removed: 0, more: false });
    expect(await store().recent({ limit: 100 })).toHaveLength(10);
  });
};

/** How many of each namespace are left, and whether they are its newest. */
const sharesAfter = async (store: DecisionStore, written: readonly StoredDecision[], maxBytes: number) => {
  for (let at = 0; at < written.length; at += 50) {
    await store.append(written.slice(at, at + 50));
    await pruneAll(store, { ...keepAll, maxBytes, slice: 20 }, start);
  }
  const left = new Set(
    (await store.recent({ limit: 10_000 })).map((json) => (JSON.parse(json) as { n: number }).n),
  );
  return (namespace: string | undefined) => {
    const own = written.flatMap((one, n) => (one.namespace === namespace ? [n] : []));
    const kept = own.filter((n) => left.has(n));
    expect(kept).toEqual(own.slice(own.length - kept.length));
    return kept.length;
  };
};
const written = (namespaces: readonly (string | undefined)[], bytes: (n: number) => number) =>
  namespaces.map((namespace, n) => ({
    ...decisionNumber(n),
    namespace,
    json: encode(JSON.stringify({ n, padding: 'x'.repeat(bytes(n)) })),
  }));

/** What keeps one namespace from rolling over the record of others. */
const sharesRoom = (store: () => DecisionStore): void => {
  test('R26, B46: a namespace that rolls the record over loses its own decisions, and no other does', async () => {
    const namespaces = Array.from({ length: 1500 }, (_, n) => {
      if (n < 100) return 'shop';
      return n < 120 ? undefined : 'evil';
    });
    const left = await sharesAfter(
      store(),
      written(namespaces, () => 4_000),
      2_500_000,
    );
    expect(left('shop')).toBe(100);
    expect(left(undefined)).toBe(20);
    expect(left('evil')).toBeGreaterThan(200);
    expect(left('evil')).toBeLessThan(600);
  });

  test('R26: one that floods the record gets no more than a quarter of it from one that had it to itself', async () => {
    const namespaces = Array.from({ length: 3000 }, (_, n) => (n < 600 || n % 40 === 0 ? 'shop' : 'evil'));
    const before = written(namespaces, () => 4_000);
    const left = await sharesAfter(store(), before, 2_500_000);
    const total = left('shop') + left('evil');
    expect(total).toBeGreaterThan(400);
    expect(left('evil') / total).toBeLessThan(0.35);
    expect(left('shop') / total).toBeGreaterThan(0.65);
  });

  test('R26: few large decisions roll it over no more than many small ones', async () => {
    const namespaces = Array.from({ length: 1100 }, (_, n) => (n < 1000 ? 'shop' : 'evil'));
    const left = await sharesAfter(
      store(),
      written(namespaces, (n) => (n < 1000 ? 500 : 60_000)),
      3_000_000,
    );
    expect(left('shop')).toBe(1000);
    expect(left('evil')).toBeLessThan(60);
  });

  test('R26: two that write as fast as they can leave a third what it has', async () => {
    const namespaces = Array.from({ length: 2100 }, (_, n) => {
      if (n < 100) return 'shop';
      return n % 2 === 0 ? 'evil' : 'worse';
    });
    const left = await sharesAfter(
      store(),
      written(namespaces, () => 4_000),
      3_000_000,
    );
    expect(left('shop')).toBe(100);
    expect(left('evil')).toBeGreaterThan(100);
    expect(Math.abs(left('evil') - left('worse'))).toBeLessThanOrEqual(20);
  });
};

/** What every store must do. `reopen` closes the store and opens the same data again. */
export const decisionStoreContract = (
  name: string,
  makeStore: () => Promise<{ store: DecisionStore; reopen: () => Promise<DecisionStore> }>,
): void => {
  describe(`${name} as a decision store`, () => {
    let store: DecisionStore;
    let reopen: () => Promise<DecisionStore>;
    beforeEach(async () => {
      ({ store, reopen } = await makeStore());
    });
    afterEach(() => store.close());

    readsBack(() => store);
    takesBatches(() => store);
    forgets(() => store);
    sharesRoom(() => store);

    test('keeps everything across a restart, and goes on after it', async () => {
      await store.append(decisionNumbers(0, 3));
      store = await reopen();
      await store.append(decisionNumbers(3, 4));
      expect(numbersOf(await store.recent({ limit: 100 }))).toEqual([3, 2, 1, 0]);
    });
  });
};
