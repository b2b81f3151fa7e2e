import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { answer } from '../../../../test/fakes/registry/registry-answer.ts';
import {
  blobRequests,
  bytes,
  digest,
  reading,
  repository,
  serving,
  size,
  stream,
} from '../../../../test/fakes/registry/blob-stage.ts';
import { digestOf } from '../../../../test/fakes/registry/registry-content.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import {
  gzipped,
  redirect,
  status,
  tooManyRequests,
  withBody,
} from '../../../../test/fakes/registry/registry-faults.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  failureIn,
  valueOf,
} from '../../../../test/fakes/registry/registry-reading.ts';
import {
  dripping,
  flooding,
  reset,
  silence,
  truncated,
} from '../../../../test/fakes/registry/registry-wire-faults.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';

describe('a blob that is streamed', () => {
  test('comes whole, and takes nothing from what the review may read', async () => {
    const server = await serving();
    const budget = budgetOf(0);
    const { found, handedOn } = await stream({ host: server.host, budget });
    expect(valueOf(found)).toBe('whole');
    expect(handedOn.equals(bytes)).toBe(true);
    expect(budget.taken()).toBe(0);
  });

  test('may be empty', async () => {
    const server = await serving();
    server.pushBlob(repository, Buffer.alloc(0));
    const descriptor = { digest: digestOf(''), size: 0 };
    expect(valueOf((await stream({ host: server.host, descriptor })).found)).toBe('whole');
  });

  test('ends when no more is wanted, and gives its place back', async () => {
    const server = await serving();
    const reader = reading();
    for (let n = 0; n < 12; n += 1) {
      const { found, handedOn } = await stream({
        host: server.host,
        reader,
        take: () => Promise.resolve(false),
      });
      expect(valueOf(found)).toBe('stopped');
      expect(handedOn.length).toBeLessThan(size);
    }
  });

  test('waits for who takes it, however long that lasts', async () => {
    const flood = flooding({ bytes: 50_000_000, contentLength: 50_000_000 });
    const server = await serving();
    server.fault({ path: '/blobs/' }, flood.fault);
    const reader = reading({ host: server.host, timeout: 300 });
    let taken = 0;
    const slowly = async (chunk: Uint8Array): Promise<boolean> => {
      taken += chunk.length;
      await sleep(400);
      return taken < 12_000;
    };
    const descriptor = { digest, size: 50_000_000 };
    const { found } = await stream({ host: server.host, reader, take: slowly, descriptor });
    expect(valueOf(found)).toBe('stopped');
    // What the buffers of two sockets hold, and no more.
    expect(flood.sent()).toBeLessThan(20_000_000);
  });

  test('has not come before its last chunk was taken', async () => {
    const server = await serving();
    let taken = 0;
    const slowly = (chunk: Uint8Array): Promise<boolean> => sleep(3).then(() => (taken += chunk.length) > 0);
    expect(valueOf((await stream({ host: server.host, take: slowly })).found)).toBe('whole');
    expect(taken).toBe(size);
  });

  test('a slow drip lasts longer than the timeout of its row and comes whole', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/' }, dripping(100_000, 60));
    const reader = reading({ host: server.host, timeout: 400 });
    const { found, handedOn } = await stream({ host: server.host, reader });
    expect(valueOf(found)).toBe('whole');
    expect(handedOn.equals(bytes)).toBe(true);
  });

  test('a defect of who takes it comes through, and the place is free again', async () => {
    const server = await serving();
    const reader = reading();
    for (let n = 0; n < 12; n += 1)
      await expect(
        stream({ host: server.host, reader, take: () => Promise.reject(new Error('a defect')) }),
      ).rejects.toThrow('a defect');
    expect(valueOf((await stream({ host: server.host, reader })).found)).toBe('whole');
  });

  test('reviews do not wait for it: it has places of its own', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/', times: 4 }, dripping(1000, 50));
    const reader = reading({ host: server.host, concurrency: 1 });
    const ending = new AbortController();
    const budget = budgetOf(size, ending.signal);
    const streams = Array.from({ length: 4 }, () => stream({ host: server.host, reader, budget }));
    while (blobRequests(server).length < 4) await sleep(5);
    const small = await reader.registry.blob(
      { host: server.host, repository },
      { digest, size },
      size,
      anonymous,
      budgetOf(),
    );
    expect(valueOf(small).digest).toBe(digest);
    ending.abort();
    for (const { found } of await Promise.all(streams)) expect(failureIn(found).kind).toBe('timeout');
  });
});

describe('a try that breaks off is followed by one that goes on', () => {
  const breaks: readonly (readonly [string, Fault])[] = [
    ['the end of the connection in its middle', truncated(400_000)],
    ['a reset in its middle', reset(400_000)],
    ['silence from the beginning', silence()],
    ['503', status(503)],
  ];
  test.each(breaks)('after %s', async (_title, fault) => {
    for (const ranges of [true, false]) {
      const server = await serving({ ranges });
      server.fault({ path: '/blobs/', times: 1 }, fault);
      const { found, handedOn } = await stream({
        host: server.host,
        reader: reading({ host: server.host, timeout: 500 }),
      });
      expect(valueOf(found)).toBe('whole');
      expect(handedOn.equals(bytes)).toBe(true);
      const [first, second, ...more] = blobRequests(server).map(({ headers }) => headers.range);
      expect([first, more]).toEqual([undefined, []]);
      if (fault === breaks[0]?.[1]) expect(second).toBe('bytes=400000-');
    }
  });

  test('after silence in its middle, which is no outage if it comes again', async () => {
    const server = await serving();
    const half: Fault = ({ response, truth }) => {
      const { status: code, headers, body } = truth();
      response.writeHead(code, { ...headers, 'content-length': String(body.length) });
      response.write(body.subarray(0, body.length / 2));
    };
    server.fault({ path: '/blobs/', times: 3 }, half);
    const reader = reading({ host: server.host, timeout: 300 });
    const failure = failureIn((await stream({ host: server.host, reader })).found);
    expect(failure).toMatchObject({ kind: 'timeout', stage: 'blob' });
    expect(failure.why).toMatch(/sent nothing for 300 ms, the timeout in the row of this host/);
    expect(failure.excusable).toBeUndefined();
    expect(valueOf((await stream({ host: server.host, reader })).found)).toBe('whole');
  });

  test('logged in anew when the token has ended meanwhile', async () => {
    const users = { ann: { password: 'pw' } };
    const server = await serving({ auth: { mode: 'bearer', users } });
    server.fault({ path: '/blobs/', nth: 2, times: 1 }, async (exchange) => {
      exchange.truth();
      server.revokeTokens();
      await truncated(300_000)(exchange);
    });
    const budget = budgetOf();
    const credential = basicCredential('ann', 'pw');
    const { found, handedOn } = await stream({ host: server.host, credential, budget });
    expect(valueOf(found)).toBe('whole');
    expect(handedOn.equals(bytes)).toBe(true);
    expect(server.counts().token).toBe(2);
  });

  test('at another link than the first, when it was redirected', async () => {
    const store = await serving({ address: '127.0.0.2' });
    const server = await serving();
    server.fault({ path: '/blobs/' }, redirect(`http://${store.host}{path}`));
    store.fault({ path: '/blobs/', times: 1 }, truncated(123_456));
    const { found, handedOn } = await stream({ host: server.host, credential: basicCredential('ann', 'pw') });
    expect(valueOf(found)).toBe('whole');
    expect(handedOn.equals(bytes)).toBe(true);
    expect([blobRequests(server).length, blobRequests(store).length]).toEqual([2, 2]);
    expect(store.requests.map(({ authorization }) => authorization)).toEqual(['none', 'none']);
  });

  test('from the host itself, when a mirror broke off', async () => {
    const mirror = await serving({ address: '127.0.0.3' });
    const server = await serving();
    mirror.fault({ path: '/blobs/' }, truncated(200_000));
    const reader = reading({ host: server.host, mirrors: [mirror.host] });
    const { found, handedOn } = await stream({ host: server.host, reader });
    expect(valueOf(found)).toBe('whole');
    expect(handedOn.equals(bytes)).toBe(true);
    expect(blobRequests(server).map(({ headers }) => headers.range)).toEqual(['bytes=400000-']);
  });

  test('and by no third', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/' }, truncated(1000));
    expect(failureIn((await stream({ host: server.host })).found).kind).toBe('invalid');
    expect(blobRequests(server)).toHaveLength(2);
  });

  test('B1: whose bytes are others', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/', times: 1 }, truncated(500_000));
    server.fault({ path: '/blobs/', nth: 1 }, ({ send }) =>
      send(
        answer(
          206,
          { 'content-range': `bytes 500000-${size - 1}/${size}` },
          Buffer.alloc(size - 500_000, 'x'),
        ),
      ),
    );
    const failure = failureIn((await stream({ host: server.host })).found);
    expect(failure).toMatchObject({ kind: 'invalid', unreadable: true });
    expect(failure.why).toMatch(/another digest/);
  });

  test('which sends another part than was asked for', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/', times: 1 }, truncated(500_000));
    server.fault({ path: '/blobs/', nth: 1 }, ({ send }) =>
      send(answer(206, { 'content-range': `bytes 0-499999/${size}` }, bytes.subarray(0, 500_000))),
    );
    expect(failureIn((await stream({ host: server.host })).found).why).toMatch(/another part/);
  });
});

describe('a blob that is not what its descriptor says, or cannot be had', () => {
  const cases: readonly (readonly [string, Fault, RegistryFailure['kind'], RegExp, number])[] = [
    ['B1: other bytes of the same length', withBody(Buffer.alloc(size, 'x')), 'invalid', /another digest/, 1],
    [
      'B9: fewer bytes',
      withBody(bytes.subarray(1)),
      'invalid',
      /announced 999999 bytes .* which has 1000000/,
      1,
    ],
    ['B9: more bytes', withBody(Buffer.concat([bytes, bytes])), 'invalid', /announced 2000000/, 1],
    ['B9: more bytes, unannounced', flooding().fault, 'invalid', /more than its 1000000 bytes/, 1],
    [
      'B9: fewer bytes, unannounced',
      ({ response }) => void response.writeHead(200).end(bytes.subarray(1)),
      'invalid',
      /999999 bytes instead of 1000000/,
      1,
    ],
    ['B9: packed', gzipped(), 'invalid', /Content-Encoding/, 2],
    ['403', status(403), 'denied', /refused the question/, 1],
    ['404', status(404), 'invalid', /./, 1],
    ['429', tooManyRequests(3600), 'paced', /Retry-After/, 1],
    ['500', status(500), 'unreachable', /status 500/, 2],
  ];
  test.each(cases)('%s', async (_title, fault, kind, why, tries) => {
    const server = await serving();
    server.fault({ path: '/blobs/' }, fault);
    const { found } = await stream({ host: server.host });
    expect(blobRequests(server)).toHaveLength(tries);
    if (found.state === 'absent') return expect(blobRequests(server)[0]?.kind).toBe('blobs');
    const failure = failureIn(found);
    expect(failure).toMatchObject({ kind, stage: 'blob', host: server.host });
    expect(failure.why).toMatch(why);
    // R25: the host does not answer, or answers 5xx; nothing else.
    return expect(failure.excusable).toBe(kind === 'unreachable' ? true : undefined);
  });

  test('B9: no request is sent for a descriptor without a size or a digest', async () => {
    const server = await serving();
    for (const descriptor of [
      { digest, size: -1 },
      { digest, size: 1.5 },
      { digest: '../..' as typeof digest, size },
    ])
      expect(failureIn((await stream({ host: server.host, descriptor })).found).kind).toBe('invalid');
    expect(server.counts().total).toBe(0);
  });

  test('B9: a body in pieces of a few bytes is not read to its end', async () => {
    const server = await serving();
    server.fault({ path: '/blobs/' }, async ({ response }) => {
      response.writeHead(200);
      for (let at = 0; at < size && !response.destroyed; at += 8)
        if (!response.write(bytes.subarray(at, at + 8))) await sleep(1);
      response.end();
    });
    expect(failureIn((await stream({ host: server.host })).found).why).toMatch(/pieces of a few bytes/);
  });

  test('R25: nothing that listens is an outage', async () => {
    const server = await serving();
    await server.close();
    expect(failureIn((await stream({ host: server.host })).found)).toMatchObject({
      kind: 'unreachable',
      excusable: true,
    });
  });
});

describe('the end of the time', () => {
  test.each([
    ['in the middle of its bytes', dripping(1000, 20)],
    ['before they come', silence()],
  ])('%s ends it at once, and says nothing about the host', async (_title, fault) => {
    const server = await serving();
    server.fault({ path: '/blobs/' }, fault);
    const ending = new AbortController();
    const running = stream({ host: server.host, budget: budgetOf(0, ending.signal) });
    while (blobRequests(server).length === 0) await sleep(5);
    await sleep(60);
    ending.abort();
    const failure = failureIn((await running).found);
    expect(failure.kind).toBe('timeout');
    expect(failure.excusable).toBeUndefined();
    expect(blobRequests(server)).toHaveLength(1);
  });

  test('while nobody takes its bytes ends it too', async () => {
    const server = await serving();
    const ending = new AbortController();
    const take = async (): Promise<boolean> => {
      ending.abort();
      await sleep(60_000, undefined, { ref: false });
      return true;
    };
    const { found } = await stream({ host: server.host, take, budget: budgetOf(0, ending.signal) });
    expect(failureIn(found).kind).toBe('timeout');
  });
});
