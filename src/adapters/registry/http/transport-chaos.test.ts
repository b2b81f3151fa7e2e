import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Arrival } from '../../../../test/fakes/registry/registry-listener.ts';
import { defaultSettings, type RegistrySettings } from '../settings.ts';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
} from '../../../../test/fakes/registry/registry-transport.ts';

const doubles = createDoubles();
const { serve, transport } = doubles;
afterEach(doubles.end);

/** What a broken registry does, by the last part of the path. */
const misdeeds: Readonly<Record<string, (arrival: Arrival) => unknown>> = {
  fine: ({ response }) => response.end('ok'),
  silent: () => undefined,
  reset: ({ request }) => request.socket.resetAndDestroy(),
  half: ({ request, response }) => {
    response.writeHead(200, { 'content-length': 50 });
    response.write('half', () => request.socket.end());
  },
  drip: ({ response }) => {
    const timer = setInterval(() => response.write('.'), 5);
    response.once('close', () => clearInterval(timer));
  },
  large: ({ response }) => response.end('x'.repeat(100_000)),
  circle: ({ response, url }) => response.writeHead(302, { location: url.pathname }).end('again'),
  busy: ({ response }) => response.writeHead(429, { 'retry-after': '1' }).end(),
  closing: ({ response }) => response.writeHead(200, { connection: 'close' }).end('bye'),
  garbage: ({ request }) => request.socket.end('nonsense\r\n\r\n'),
};

const calls = fc.array(
  fc.record({
    misdeed: fc.constantFrom(...Object.keys(misdeeds)),
    method: fc.constantFrom('GET' as const, 'HEAD' as const, 'POST' as const),
    /** When the review ends, in milliseconds. */
    deadline: fc.integer({ min: 0, max: 120 }),
    read: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Answers when two requests are there at one time. */
const pairing = () => {
  const waiting: Arrival[] = [];
  return (arrival: Arrival): void => {
    waiting.push(arrival);
    if (waiting.length < 2) return;
    for (const { response } of waiting.splice(0)) response.end('ok');
  };
};

test('B9: whatever a registry does and whenever reviews end, every request ends and no place is lost', async () => {
  const pair = pairing();
  const server = await serve((arrival) => {
    const name = arrival.url.pathname.slice(1);
    return name === 'pair' ? pair(arrival) : misdeeds[name]?.(arrival);
  });
  await fc.assert(
    fc.asyncProperty(calls, async (list) => {
      let moved = 0;
      const clock = { now: () => Date.now(), monotonic: () => performance.now() + moved };
      let timeout = 100;
      const settingsOf = (host: string): RegistrySettings => ({
        ...defaultSettings(host),
        ...onLoopback,
        concurrency: 2,
        timeout,
      });
      const http = transport({}, { clock, settingsOf });
      await Promise.all(
        list.map(async ({ misdeed, method, deadline, read }) => {
          const signal = AbortSignal.timeout(deadline);
          const answer = await http.send(requestTo(server.host, `/${misdeed}`, { method, signal }));
          if (!answer.ok) return;
          if (read) await answer.value.read(1000);
          else answer.value.discard();
        }),
      );
      // Past every pause and every open breaker; both places must be there again.
      moved = 40_000;
      timeout = 5000;
      await new Promise((resolve) => setTimeout(resolve, 110));
      expect(await ask(http, requestTo(server.host, '/fine'))).toEqual({ status: 200, text: 'ok' });
      const both = await Promise.all([0, 1].map(() => ask(http, requestTo(server.host, '/pair'))));
      expect(both).toEqual([
        { status: 200, text: 'ok' },
        { status: 200, text: 'ok' },
      ]);
      await http.close();
    }),
    { numRuns: 15 },
  );
});
