import { afterEach, describe, expect, test } from 'vitest';
import { challenge } from '../../../../test/fakes/registry/registry-faults.ts';
import { basicCredential, budgetOf, failureIn } from '../../../../test/fakes/registry/registry-reading.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  realClock,
  requestTo,
  settingsFrom,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import { createRegistry } from '../client/client.ts';
import { createRateLimitState } from './rate-limit-state.ts';

const clockAt = () => {
  let now = 0;
  return { monotonic: () => now, advance: (milliseconds: number) => void (now += milliseconds) };
};
const asking = (account: string, repository = 'team/app') => ({
  host: 'registry.example.com',
  target: `/v2/${repository}/manifests/v1`,
  account,
});

describe('what a host said with Retry-After', () => {
  test('is about the account when it is 429, and about the path when it is 503', () => {
    const state = createRateLimitState(clockAt());
    state.record(asking('shop'), { until: 1000, status: 429 });
    const held = () =>
      [asking('shop'), asking('shop', 'other'), asking('bank')].map((one) => state.limitOn(one));
    expect(held().map((limit) => limit?.until)).toEqual([1000, 1000, undefined]);
    state.record(asking('shop'), { until: 3000, status: 503 });
    expect(held().map((limit) => limit?.until)).toEqual([3000, 1000, undefined]);
    state.record(asking('bank'), { until: 4000, status: 429 });
    expect(held().map((limit) => limit?.status)).toEqual([503, 429, 429]);
  });

  test('ends when its time has come, and a shorter one does not shorten it', () => {
    const clock = clockAt();
    const state = createRateLimitState(clock);
    state.record(asking('shop'), { until: 1000, status: 429 });
    state.record(asking('shop'), { until: 500, status: 429 });
    clock.advance(999);
    expect([state.limitOn(asking('shop'))?.until, state.isActive()]).toEqual([1000, true]);
    clock.advance(1);
    expect([state.limitOn(asking('shop')), state.isActive()]).toEqual([undefined, false]);
  });

  test('is kept so many times, and the one that ends first gives way', () => {
    const state = createRateLimitState(clockAt());
    for (let count = 1; count <= 65; count++)
      state.record(asking(`n${String(count)}`), { until: count, status: 429 });
    expect(state.limitOn(asking('n1'))).toBeUndefined();
    expect([state.limitOn(asking('n2'))?.until, state.limitOn(asking('n65'))?.until]).toEqual([2, 65]);
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

  test('is still asked by others when it was a stranger that led the question there', async () => {
    const server = await doubles.serve(({ url, response }) => {
      if (url.pathname === '/busy') response.writeHead(429, { 'retry-after': '30' }).end();
      else response.end('for all');
    });
    const stranger = await startFakeRegistry({ auth: { mode: 'none' } });
    stranger.fault({ path: '/v2/' }, challenge(`Bearer realm="${server.url}/busy"`));
    const settingsOf = settingsFrom({
      [server.host]: onLoopback,
      [stranger.host]: onLoopback,
    });
    const http = doubles.transport({}, { settingsOf });
    const registry = createRegistry({ http, settingsOf, clock: realClock });
    const led = await registry.ping(stranger.host, basicCredential('ann', 'pw'), budgetOf());
    expect(failureIn(led).why).toContain('it answered 429');
    expect(await ask(http, requestTo(server.host, '/v2/', { account: 'bank' }))).toMatchObject({
      text: 'for all',
    });
    await stranger.close();
  });
});

/** R25: whoever asks for what always fails would decide what is an outage. */
describe('a registry that answers 503 for one repository', () => {
  const doubles = createDoubles();
  afterEach(doubles.end);

  test.each<[string, string]>([
    ['is still asked for others', '/v2/team/app/manifests/v1'],
    ['is still asked for its API', '/v2/'],
  ])('%s', async (_title, path) => {
    const server = await doubles.serve(({ url, response }) => {
      if (url.pathname.startsWith('/v2/dead/')) response.writeHead(503, { 'retry-after': '30' }).end();
      else response.end('there');
    });
    const http = doubles.transport({ [server.host]: onLoopback });
    const dead = requestTo(server.host, '/v2/dead/app/manifests/v1');
    for (let count = 0; count < 8; count++) {
      expect(await ask(http, dead)).toMatchObject({ kind: 'unreachable', excusable: true });
    }
    expect(await ask(http, requestTo(server.host, path))).toMatchObject({ text: 'there' });
  });

  test('does not keep a registry from being asked to which it leads', async () => {
    const server = await doubles.serve(({ url, response }) => {
      if (url.pathname === '/limit') response.writeHead(503, { 'retry-after': '30' }).end();
      else response.end('there');
    });
    const stranger = await doubles.serve(({ response }) => {
      response.writeHead(307, { location: `${server.url}/limit` }).end();
    });
    const http = doubles.transport({ [server.host]: onLoopback, [stranger.host]: onLoopback });
    expect(await ask(http, requestTo(stranger.host, '/v2/a/b/manifests/v1'))).toMatchObject({
      kind: 'unreachable',
    });
    expect(await ask(http, requestTo(server.host, '/v2/team/app/manifests/v1'))).toMatchObject({
      text: 'there',
    });
  });
});
