import { describe, expect, test } from 'vitest';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { Token } from './token.ts';
import { createTokenCache, type TokenKey } from './token-cache.ts';

const key: TokenKey = {
  host: 'r.example.com',
  server: 'https://r.example.com/token',
  scope: 'repository:team/app:pull',
  credential: 'k1',
};
const forever = { signal: new AbortController().signal };
const token = (text: string, lifetime = 100_000): Token => ({ text, lifetime, size: 10 });
const given = (text: string, lifetime?: number) => (): Promise<Result<Token, RegistryFailure>> =>
  Promise.resolve(ok(token(text, lifetime)));

const setUp = (limit?: number) => {
  let now = 0;
  const cache = createTokenCache({ monotonic: () => now }, limit);
  return {
    cache,
    at: (milliseconds: number) => {
      now = milliseconds;
    },
  };
};

/** A token server that answers when it is told to. */
const slowServer = () => {
  const asked: {
    readonly answer: (given: Result<Token, RegistryFailure>) => void;
    readonly signal: AbortSignal;
  }[] = [];
  const ask = ({ signal }: { readonly signal: AbortSignal }): Promise<Result<Token, RegistryFailure>> =>
    new Promise((resolve) => asked.push({ answer: resolve, signal }));
  return { asked, ask };
};

describe('tokens that are kept', () => {
  test('a token is used for 80 % of its life and no longer, counted from the question', async () => {
    const { cache, at } = setUp();
    at(1000);
    await cache.obtain(key, forever, given('t1', 100_000));
    at(80_999);
    expect(cache.get(key)).toBe('t1');
    at(81_000);
    expect(cache.get(key)).toBeUndefined();
  });

  test.each<[string, Partial<TokenKey>]>([
    ['another token server', { server: 'https://tokens.example.com/token' }],
    ['another repository', { scope: 'repository:team/other:pull' }],
    ['another registry', { host: 'r.example.com:5000' }],
    ['another credential', { credential: 'k2' }],
    ['no scope', { scope: '' }],
  ])('a token is not used for %s (B28)', async (_title, other) => {
    const { cache } = setUp();
    await cache.obtain(key, forever, given('t1'));
    expect(cache.get({ ...key, ...other })).toBeUndefined();
    expect(cache.get(key)).toBe('t1');
  });

  test('a refused token is dropped, a newer one in its place stays', async () => {
    const { cache } = setUp();
    await cache.obtain(key, forever, given('t1'));
    cache.drop(key, 't1');
    expect(cache.get(key)).toBeUndefined();
    await cache.obtain(key, forever, given('t2'));
    cache.drop(key, 't1');
    expect(cache.get(key)).toBe('t2');
  });

  test('a failure is not kept', async () => {
    const { cache } = setUp();
    const failure: RegistryFailure = { kind: 'unreachable', stage: 'token', host: 'a', why: 'down' };
    expect(await cache.obtain(key, forever, () => Promise.resolve(fail(failure)))).toEqual(fail(failure));
    expect(await cache.obtain(key, forever, given('t1'))).toEqual(ok(token('t1')));
  });

  test('it holds so many tokens and no more; the one that was used longest ago goes first (B9)', async () => {
    const { cache } = setUp(2);
    const named = (scope: string): TokenKey => ({ ...key, scope });
    await cache.obtain(named('a'), forever, given('ta'));
    await cache.obtain(named('b'), forever, given('tb'));
    expect(cache.get(named('a'))).toBe('ta');
    await cache.obtain(named('c'), forever, given('tc'));
    expect(['a', 'b', 'c'].map((scope) => cache.get(named(scope)))).toEqual(['ta', undefined, 'tc']);
  });
});

describe('one question at a time', () => {
  test('callers with one key share one question', async () => {
    const { cache } = setUp();
    const { asked, ask } = slowServer();
    const both = [cache.obtain(key, forever, ask), cache.obtain(key, forever, ask)];
    expect(asked).toHaveLength(1);
    asked[0]?.answer(ok(token('t1')));
    expect(await Promise.all(both)).toEqual([ok(token('t1')), ok(token('t1'))]);
  });

  test('callers with different credentials ask each for themselves', () => {
    const { cache } = setUp();
    const { asked, ask } = slowServer();
    void cache.obtain(key, forever, ask);
    void cache.obtain({ ...key, credential: 'k2' }, forever, ask);
    expect(asked).toHaveLength(2);
  });

  test('who runs out of time leaves, the others go on waiting for the same answer', async () => {
    const { cache } = setUp();
    const { asked, ask } = slowServer();
    const hurried = new AbortController();
    const first = cache.obtain(key, { signal: hurried.signal }, ask);
    const second = cache.obtain(key, forever, ask);
    hurried.abort();
    expect(await first).toBeUndefined();
    expect(asked[0]?.signal.aborted).toBe(false);
    asked[0]?.answer(ok(token('t1')));
    expect(await second).toEqual(ok(token('t1')));
  });

  test('when nobody waits any more the question is given up, and the next caller asks anew', async () => {
    const { cache } = setUp();
    const { asked, ask } = slowServer();
    const hurried = new AbortController();
    const first = cache.obtain(key, { signal: hurried.signal }, ask);
    hurried.abort();
    expect(await first).toBeUndefined();
    expect(asked[0]?.signal.aborted).toBe(true);
    const second = cache.obtain(key, forever, ask);
    expect(asked).toHaveLength(2);
    asked[0]?.answer(ok(token('late')));
    asked[1]?.answer(ok(token('t2')));
    expect(await second).toEqual(ok(token('t2')));
    expect(cache.get(key)).toBe('t2');
  });

  test('a caller whose time is over does not ask', async () => {
    const { cache } = setUp();
    const { asked, ask } = slowServer();
    expect(await cache.obtain(key, { signal: AbortSignal.abort() }, ask)).toBeUndefined();
    expect(asked).toHaveLength(0);
  });
});
