import { afterEach, describe, expect, test } from 'vitest';
import { ask, createDoubles, onLoopback, requestTo } from '../../../test/fakes/registry-transport.ts';
import { createPauses } from './pauses.ts';

const clockAt = () => {
  let now = 0;
  return { monotonic: () => now, advance: (milliseconds: number) => void (now += milliseconds) };
};

describe('what a host said with Retry-After', () => {
  test('is about whoever asked when it is 429, and about everybody when it is 503', () => {
    const pauses = createPauses(clockAt());
    pauses.add('shop', { until: 1000, status: 429 });
    expect([pauses.of('shop')?.until, pauses.of('bank'), pauses.of(undefined)]).toEqual([
      1000,
      undefined,
      undefined,
    ]);
    pauses.add('shop', { until: 3000, status: 503 });
    expect([pauses.of('shop')?.until, pauses.of('bank')?.until, pauses.of(undefined)?.until]).toEqual([
      3000, 3000, 3000,
    ]);
  });

  test('ends when its time has come, and a shorter one does not shorten it', () => {
    const clock = clockAt();
    const pauses = createPauses(clock);
    pauses.add('shop', { until: 1000, status: 429 });
    pauses.add('shop', { until: 500, status: 429 });
    clock.advance(999);
    expect([pauses.of('shop')?.until, pauses.any()]).toEqual([1000, true]);
    clock.advance(1);
    expect([pauses.of('shop'), pauses.any()]).toEqual([undefined, false]);
  });

  test('is remembered for so many accounts, and the one that ends first makes room', () => {
    const pauses = createPauses(clockAt());
    for (let count = 1; count <= 65; count++) pauses.add(`n${String(count)}`, { until: count, status: 429 });
    expect(pauses.of('n1')).toBeUndefined();
    expect([pauses.of('n2')?.until, pauses.of('n65')?.until]).toEqual([2, 65]);
  });
});

describe('a registry that slows one account down', () => {
  const doubles = createDoubles();
  afterEach(doubles.end);

  test('is still asked for another: nobody can keep a neighbour from its images by asking too often', async () => {
    const server = await doubles.serve(({ response, request }) => {
      if (request.headers['authorization'] === undefined) {
        response.writeHead(429, { 'retry-after': '30' }).end();
      } else response.end('for those who log in');
    });
    const http = doubles.transport({ [server.host]: onLoopback });
    const anonymous = requestTo(server.host, '/v2/', { account: 'anonymous' });
    const login = requestTo(server.host, '/v2/', {
      account: 'bank',
      headers: { authorization: 'Basic eA==' },
    });
    expect(await ask(http, anonymous)).toMatchObject({ kind: 'paced' });
    expect(await ask(http, login)).toEqual({ status: 200, text: 'for those who log in' });
    expect(await ask(http, anonymous)).toMatchObject({ kind: 'paced', stage: 'queue' });
  });
});
