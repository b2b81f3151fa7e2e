import { describe, expect, test } from 'vitest';
import { standingClock } from '../../../test/fakes/credentials.ts';
import { absent, known, type Fact } from '../../core/facts/fact.ts';
import { createSharedFacts, type SharedFactsOptions } from './shared-facts.ts';

const never = new AbortController().signal;
const setUp = (limits: Partial<SharedFactsOptions<string>['limits']> = {}) => {
  const clock = standingClock();
  const shared = createSharedFacts<string>({
    clock,
    keepFor: ({ state }) => (state === 'known' ? 1000 : 0),
    weigh: (value) => value.length,
    limits: { entries: 3, weight: 10, lookups: 2, timeout: 10_000, ...limits },
  });
  const asked: string[] = [];
  const get = (key: string, value = key) =>
    shared.get(
      key,
      key,
      () => {
        asked.push(key);
        return Promise.resolve(known(value));
      },
      { signal: never },
    );
  return { clock, shared, asked, get };
};

describe('a cache of facts', () => {
  test('keeps as many entries as it may, the oldest go (B9)', async () => {
    const { asked, get } = setUp();
    for (const key of ['a', 'b', 'c', 'd', 'b', 'c', 'd']) await get(key);
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    await get('a');
    expect(asked).toHaveLength(5);
  });

  test('keeps as many bytes as it may, and nothing that is larger than all of them (B9)', async () => {
    const { asked, get } = setUp();
    await get('a', 'x'.repeat(6));
    await get('b', 'x'.repeat(6));
    await get('b');
    await get('a', 'x'.repeat(11));
    await get('a');
    expect(asked).toEqual(['a', 'b', 'a', 'a']);
  });

  test('forgets in time, and counts no weight of what it forgot', async () => {
    const { asked, get, clock } = setUp();
    for (let round = 0; round < 5; round += 1) {
      await get('a', 'x'.repeat(9));
      await get('a');
      clock.advance(1000);
    }
    expect(asked).toHaveLength(5);
  });

  test('R26: a namespace that asks for many secrets leaves others a quarter of the look-ups', async () => {
    const { shared } = setUp({ lookups: 8 });
    const { promise, resolve } = Promise.withResolvers<Fact<string>>();
    const all = ['evil', 'worse', 'shop'].flatMap((namespace) =>
      Array.from({ length: 20 }, (_, at) =>
        shared.get(`${namespace}/${String(at)}`, 's', () => promise, { signal: never, namespace }),
      ),
    );
    resolve(known('v'));
    const found = (await Promise.all(all)).map(({ state }) => state === 'known');
    const counts = [0, 20, 40].map((from) => found.slice(from, from + 20).filter(Boolean).length);
    expect(counts).toEqual([4, 2, 2]);
  });

  test('sends no more look-ups at one time than it may', async () => {
    const { shared } = setUp();
    const { promise, resolve } = Promise.withResolvers<Fact<string>>();
    const waiting = ['a', 'b', 'a'].map((key) => shared.get(key, key, () => promise, { signal: never }));
    const more = await shared.get('c', 'the thing', () => promise, { signal: never });
    expect(more).toEqual({
      state: 'unavailable',
      why: {
        what: 'the thing',
        why: 'of the 2 look-ups of this kind at one time all that one namespace gets are under way already',
      },
    });
    resolve(absent);
    expect(await Promise.all(waiting)).toEqual([absent, absent, absent]);
    expect(await shared.get('c', 'c', () => Promise.resolve(known('c')), { signal: never })).toEqual(
      known('c'),
    );
  });

  test('gives a look-up up that never ends, so that the next one can begin', async () => {
    const { shared, get } = setUp({ timeout: 5 });
    const stuck = await shared.get('a', 'a', () => new Promise(() => undefined), { signal: never });
    expect(stuck).toMatchObject({
      state: 'unavailable',
      why: { why: 'there was no answer within the deadline' },
    });
    expect(await get('a')).toEqual(known('a'));
  });

  test('tells the look-up when nobody will wait any longer', async () => {
    const { shared } = setUp({ timeout: 5 });
    const seen = Promise.withResolvers<boolean>();
    await shared.get(
      'a',
      'a',
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        seen.resolve(signal.aborted);
        return absent;
      },
      { signal: never },
    );
    expect(await seen.promise).toBe(true);
  });
});
