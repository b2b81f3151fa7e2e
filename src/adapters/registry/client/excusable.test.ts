import { afterEach, describe, expect, test } from 'vitest';
import {
  ask,
  createDoubles,
  onLoopback,
  requestTo,
  type Rows,
} from '../../../../test/fakes/registry/registry-transport.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { requesterFor } from '../../../evidence/single-flight/shared-requester.ts';
import { statusAnswer } from './failure.ts';
import { networkFailure } from '../network/failure.ts';
import type { HttpAnswer } from '../http/http.ts';
import { rateLimitFailure } from '../http/rate-limit-state.ts';

const doubles = createDoubles();
const { serve, speak, transport } = doubles;
afterEach(doubles.end);

const host = 'registry.example.com';
const isExcusable = (failure: unknown): boolean => (failure as RegistryFailure).excusable === true;
const coded = (code: string): Error => Object.assign(new Error(code), { code });

describe('R25: what an error below HTTP excuses', () => {
  test.each<[string, boolean]>([
    ['ECONNREFUSED', true],
    ['ECONNRESET', true],
    ['UND_ERR_SOCKET', true],
    ['ETIMEDOUT', true],
    ['EHOSTUNREACH', true],
    ['ENETUNREACH', true],
    ['EAI_AGAIN', true],
    ['ETIMEOUT', true],
    ['ESERVFAIL', true],
    ['ENOTFOUND', false],
    ['EMFILE', false],
    ['ENFILE', false],
    ['EADDRNOTAVAIL', false],
    ['EBUSY', false],
    ['CERT_HAS_EXPIRED', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', false],
    ['HPE_INVALID_CONSTANT', false],
    ['SOMETHING_NEW', false],
    ['', false],
  ])('%s: %s', (code, excusable) => {
    expect(isExcusable(networkFailure('connect', host, coded(code)))).toBe(excusable);
  });
});

describe('R25: what an answer excuses', () => {
  const answered = async (status: number): Promise<unknown> => {
    const response = {
      status,
      headers: {},
      url: new URL(`https://${host}/`),
      read: () => Promise.resolve({ ok: true as const, value: new Uint8Array() }),
      stream: () => Promise.resolve({ ok: true as const, value: 'whole' as const }),
      discard: () => undefined,
    };
    const subject = { host, stage: 'manifest', what: 'the manifest of team/app:v1' } as const;
    const answer = await statusAnswer({ response, secrets: [] }, subject);
    return answer.state === 'unavailable' ? answer.why : {};
  };
  test.each<[number, boolean]>([
    [500, true],
    [502, true],
    [503, true],
    [504, true],
    [408, false],
    [429, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [200, false],
  ])('status %i: %s', async (status, excusable) => {
    expect(isExcusable(await answered(status))).toBe(excusable);
  });

  test('a pause that a 503 asked for, and none that a 429 did: a user who pulls much causes that', () => {
    expect(isExcusable(rateLimitFailure(503, 'queue', host, 'later'))).toBe(true);
    expect(isExcusable(rateLimitFailure(429, 'queue', host, 'later'))).toBe(false);
  });
});

describe('R25: what a request excuses', () => {
  const whyNot = async (
    rows: Rows,
    to: string,
    more: Parameters<typeof requestTo>[2] = {},
  ): Promise<unknown> => ask(transport(rows), requestTo(to, '/v2/team/app/manifests/v1', more));

  test('a host that takes connections and says nothing does not answer at all', async () => {
    const silent = await speak(() => undefined);
    const rows = { [silent.host]: { ...onLoopback, timeout: 150 } };
    expect(isExcusable(await whyNot(rows, silent.host))).toBe(true);
  });

  test('a deadline that came before the host had time says nothing about the host', async () => {
    const silent = await speak(() => undefined);
    const signal = AbortSignal.timeout(80);
    expect(isExcusable(await whyNot({ [silent.host]: onLoopback }, silent.host, { signal }))).toBe(false);
  });

  test('a host that began to answer, and is slow to end, answers', async () => {
    const slow = await serve(({ response }) => response.writeHead(200).write('{'));
    const rows = { [slow.host]: { ...onLoopback, timeout: 150 } };
    expect(await whyNot(rows, slow.host)).toMatchObject({ kind: 'timeout' });
    expect(isExcusable(await whyNot(rows, slow.host))).toBe(false);
  });

  test('an address that is refused stays refused', async () => {
    const server = await serve(({ response }) => response.end('ok'));
    const failure = await whyNot({ [server.host]: { plainHttp: true } }, server.host);
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(isExcusable(failure)).toBe(false);
  });

  test('our own line at the host does not: a user who asks much makes it long', async () => {
    const silent = await speak(() => undefined);
    const http = transport({ [silent.host]: { ...onLoopback, concurrency: 1, timeout: 200 } });
    const first: Promise<HttpAnswer> = http.send(requestTo(silent.host));
    const failure = await ask(http, requestTo(silent.host, '/', { signal: AbortSignal.timeout(100) }));
    expect(failure).toMatchObject({ kind: 'timeout', stage: 'queue' });
    expect(isExcusable(failure)).toBe(false);
    await first;
  });

  test.each<[string, boolean]>([
    ['of a host with a row', true],
    ['of any other host, where it must not differ from a refused address', false],
  ])('a name without an address %s: %s', async (_title, configured) => {
    const http = transport(
      { 'gone.example': { ...onLoopback, configured } },
      { resolve: () => Promise.reject(coded('ENOTFOUND')) },
    );
    expect(isExcusable(await ask(http, requestTo('gone.example')))).toBe(configured);
  });

  test('a breaker is as excusable as what opened it', async () => {
    const gateway = await serve(({ response }) => response.writeHead(502).end());
    const http = transport({ [gateway.host]: onLoopback });
    const request = requestTo(gateway.host, '/v2/team/app/manifests/v1');
    for (let count = 0; count < 5; count++) await ask(http, request);
    const failure = await ask(http, request);
    expect(failure).toMatchObject({ why: expect.stringContaining('several times in a row') as string });
    expect(isExcusable(failure)).toBe(true);
    expect(await ask(http, requestTo(gateway.host, '/v2/team/other/manifests/v1'))).toMatchObject({
      status: 502,
    });
  });
});

describe('R26: one registry, asked by several namespaces', () => {
  test('a namespace whose requests hang keeps others neither from it nor from its breaker', async () => {
    let hanging = 0;
    const server = await serve(({ response, url }) => {
      if (url.pathname.includes('/hang/')) hanging += 1;
      else response.end('ok');
    });
    const http = transport({ [server.host]: { ...onLoopback, concurrency: 8, timeout: 3000 } });
    const ends = new AbortController();
    const flood = ['evil', 'worse'].flatMap((namespace) =>
      Array.from({ length: 64 }, (_, at) =>
        http.send(
          requestTo(server.host, `/v2/hang/${String(at)}/manifests/v1`, {
            requester: requesterFor(namespace),
            signal: ends.signal,
          }),
        ),
      ),
    );
    await expect.poll(() => hanging).toBe(6);
    const honest = Array.from({ length: 16 }, () =>
      ask(http, requestTo(server.host, '/v2/shop/app/manifests/v1', { requester: requesterFor('shop') })),
    );
    for (const answer of await Promise.all(honest)) expect(answer).toEqual({ status: 200, text: 'ok' });
    ends.abort();
    await Promise.all(flood);
  });
});
