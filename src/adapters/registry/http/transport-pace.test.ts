import { afterEach, describe, expect, test } from 'vitest';
import {
  ask,
  createDoubles,
  failureOf,
  onLoopback,
  realClock,
  requestTo,
  responseOf,
} from '../../../../test/fakes/registry/registry-transport.ts';

const doubles = createDoubles();
const { serve, speak, transport } = doubles;
afterEach(doubles.end);

/** The real clock, moved forward by hand. */
const movedClock = () => {
  let moved = 0;
  return {
    now: realClock.now,
    monotonic: () => realClock.monotonic() + moved,
    move: (milliseconds: number) => (moved += milliseconds),
  };
};

describe('places of a host', () => {
  test('never more requests than the row says, bodies included, and all come through', async () => {
    const server = await serve(async ({ response }) => {
      response.write('x');
      await new Promise((resolve) => setTimeout(resolve, 15));
      response.end('y');
    });
    const http = transport({ [server.host]: { ...onLoopback, concurrency: 3 } });
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask(http, requestTo(server.host))));
    expect(answers.every((answer) => 'text' in answer && answer.text === 'xy')).toBe(true);
    expect(server.peak()).toBe(3);
  });

  test('waiting counts against the deadline, is reported as waiting, and leaves the place free', async () => {
    const server = await serve(({ response }) => response.writeHead(200).flushHeaders());
    const http = transport({ [server.host]: { ...onLoopback, concurrency: 1, timeout: 20_000 } });
    const first = responseOf(await http.send(requestTo(server.host)));
    const short = requestTo(server.host, '/', { signal: AbortSignal.timeout(60) });
    expect(failureOf(await http.send(short))).toMatchObject({ kind: 'timeout', stage: 'queue' });
    first.discard();
    expect(responseOf(await http.send(requestTo(server.host))).status).toBe(200);
  });

  test('more than may wait are refused at once, with a text that says what to change', async () => {
    const server = await serve(({ response }) => response.writeHead(200).flushHeaders());
    const http = transport(
      { [server.host]: { ...onLoopback, concurrency: 1, timeout: 20_000 } },
      { limits: { maxWaiting: 1 } },
    );
    const first = responseOf(await http.send(requestTo(server.host)));
    const waiting = http.send(requestTo(server.host));
    expect(failureOf(await http.send(requestTo(server.host)))).toMatchObject({
      kind: 'busy',
      stage: 'queue',
      why: expect.stringContaining('concurrency in its row') as string,
    });
    first.discard();
    responseOf(await waiting).discard();
  });

  test('a slow host does not hold up another', async () => {
    const slow = await serve(({ response }) => response.writeHead(200).flushHeaders());
    const quick = await serve(({ response }) => response.end('quick'));
    const http = transport({
      [slow.host]: { ...onLoopback, concurrency: 1, timeout: 20_000 },
      [quick.host]: onLoopback,
    });
    const first = responseOf(await http.send(requestTo(slow.host)));
    const waiting = http.send(requestTo(slow.host));
    expect(await ask(http, requestTo(quick.host))).toMatchObject({ text: 'quick' });
    first.discard();
    responseOf(await waiting).discard();
  });
});

describe('Retry-After', () => {
  test.each([429, 503])('%s is waited for and asked again when it fits', async (status) => {
    let asked = 0;
    const server = await serve(({ response }) => {
      if (++asked === 1) response.writeHead(status, { 'retry-after': '0' }).end('busy');
      else response.end('ok');
    });
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toEqual({ status: 200, text: 'ok' });
    expect(asked).toBe(2);
  });

  test('three tries, not more', async () => {
    let asked = 0;
    const server = await serve(({ response }) => {
      asked += 1;
      response.writeHead(429, { 'retry-after': '0' }).end();
    });
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'paced', stage: 'manifest' });
    expect(asked).toBe(3);
  });

  test('what does not fit the time is a failure at once, and nobody else asks before the host wants it', async () => {
    let asked = 0;
    const clock = movedClock();
    const server = await serve(({ response }) => {
      if (++asked === 1) response.writeHead(429, { 'retry-after': '20' }).end();
      else response.end('ok');
    });
    const http = transport({ [server.host]: onLoopback }, { clock });
    const started = realClock.monotonic();
    expect(await ask(http, requestTo(server.host))).toEqual({
      kind: 'paced',
      stage: 'manifest',
      host: server.host,
      why: 'it answered 429 and asks to wait 20 s (Retry-After), longer than this request has',
    });
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      kind: 'paced',
      stage: 'queue',
      why: expect.stringContaining('it answered 429 and asked not to be asked') as string,
    });
    expect(realClock.monotonic() - started).toBeLessThan(2000);
    expect(asked).toBe(1);
    clock.move(20_000);
    expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'ok' });
  });

  test('no host can keep us away for longer than thirty seconds', async () => {
    let asked = 0;
    const clock = movedClock();
    const server = await serve(({ response }) => {
      if (++asked === 1) response.writeHead(503, { 'retry-after': '86400' }).end();
      else response.end('ok');
    });
    const http = transport({ [server.host]: onLoopback }, { clock });
    await ask(http, requestTo(server.host));
    clock.move(30_001);
    expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'ok' });
  });

  test('a review that ends while waiting is told what it waited for', async () => {
    const server = await serve(({ response }) => response.writeHead(429, { 'retry-after': '5' }).end());
    const http = transport({ [server.host]: onLoopback });
    const request = requestTo(server.host, '/', { signal: AbortSignal.timeout(2_000) });
    expect(await ask(http, request)).toMatchObject({
      kind: 'paced',
      why: expect.stringContaining('given up before that') as string,
    });
  });

  test('429 without Retry-After is an answer for the caller', async () => {
    const server = await serve(({ response }) => response.writeHead(429).end('slow down'));
    const http = transport({ [server.host]: onLoopback });
    expect(await ask(http, requestTo(server.host))).toEqual({ status: 429, text: 'slow down' });
  });
});

describe('the breaker', () => {
  test('opens after five failures, probes after a second, closes with an answer', async () => {
    const clock = movedClock();
    const server = await serve(({ response }) => response.end('ok'));
    const http = transport({ [server.host]: onLoopback }, { clock });
    await server.down();
    for (let count = 0; count < 5; count++)
      expect(await ask(http, requestTo(server.host))).toMatchObject({
        why: expect.stringContaining('refused') as string,
      });
    await server.up();
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      kind: 'unreachable',
      why: expect.stringMatching(
        /^not asked, because it failed several times in a row; .* last: connection refused/,
      ) as string,
    });
    clock.move(1000);
    expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'ok' });
    expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'ok' });
  });

  test.each([401, 404, 429, 500])('%s does not open it: the host is there', async (status) => {
    const server = await serve(({ response }) => response.writeHead(status).end());
    const http = transport({ [server.host]: onLoopback });
    for (let count = 0; count < 8; count++)
      expect(await ask(http, requestTo(server.host))).toMatchObject({ status });
  });

  test('502 opens it', async () => {
    const server = await serve(({ response }) => response.writeHead(502).end());
    const http = transport({ [server.host]: onLoopback });
    for (let count = 0; count < 5; count++) await ask(http, requestTo(server.host));
    expect(await ask(http, requestTo(server.host))).toMatchObject({ kind: 'unreachable' });
  });

  test('reviews with tiny deadlines do not open it for everybody', async () => {
    let slow = true;
    const server = await serve(({ response }) => (slow ? undefined : response.end('ok')));
    const http = transport({ [server.host]: onLoopback });
    for (let count = 0; count < 8; count++) {
      const request = requestTo(server.host, '/', { signal: AbortSignal.timeout(20) });
      expect(await ask(http, request)).toMatchObject({ kind: 'timeout' });
    }
    slow = false;
    expect(await ask(http, requestTo(server.host))).toMatchObject({ text: 'ok' });
  });

  test('reviews whose deadline gave the host its share do open it', async () => {
    const clock = movedClock();
    const server = await speak(() => undefined);
    const http = transport({ [server.host]: onLoopback }, { clock });
    for (let count = 0; count < 5; count++) {
      const deadline = new AbortController();
      const answer = ask(http, requestTo(server.host, '/', { signal: deadline.signal }));
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.move(2500);
      deadline.abort();
      expect(await answer).toMatchObject({ kind: 'timeout' });
    }
    expect(await ask(http, requestTo(server.host))).toMatchObject({
      kind: 'unreachable',
      why: expect.stringContaining('not asked') as string,
    });
  });

  test('B26: refusals of the guard do not open it', async () => {
    let addresses = ['10.0.0.1'];
    const server = await serve(({ response }) => response.end('ok'));
    const name = server.host.replace('127.0.0.1', 'registry.example.com');
    let allowed = false;
    const http = transport(
      {},
      {
        resolve: () => Promise.resolve(addresses),
        settingsOf: (host) => ({
          host,
          plainHttp: true,
          allowPrivateAddress: allowed,
          mirrors: [],
          tokenRealms: [],
          concurrency: 8,
          timeout: 20_000,
        }),
      },
    );
    for (let count = 0; count < 6; count++)
      expect(await ask(http, requestTo(name))).toMatchObject({ kind: 'refused' });
    allowed = true;
    addresses = ['127.0.0.1'];
    expect(await ask(http, requestTo(name))).toMatchObject({ text: 'ok' });
  });

  test('is one for each host', async () => {
    const dead = await serve(() => undefined);
    const alive = await serve(({ response }) => response.end('ok'));
    await dead.down();
    const http = transport({ [dead.host]: onLoopback, [alive.host]: onLoopback });
    for (let count = 0; count < 6; count++) await ask(http, requestTo(dead.host));
    expect(await ask(http, requestTo(alive.host))).toMatchObject({ text: 'ok' });
    await dead.up();
  });
});
