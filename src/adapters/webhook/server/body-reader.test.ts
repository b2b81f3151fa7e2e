import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { Deadline } from '../../../gate/deadline.ts';
import { createBodyReader, type Body, type BodyReader, type WebRequest } from './body-reader.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const deadline = { remaining: () => 1_000, signal: () => AbortSignal.abort() } as unknown as Deadline;

const readers: BodyReader[] = [];
afterEach(() => readers.splice(0).forEach((reader) => reader.close()));
const readerOf = (...limits: Parameters<typeof createBodyReader>): BodyReader => {
  const reader = createBodyReader(...limits);
  readers.push(reader);
  return reader;
};

/** A request by hand: chunks arrive one by one, as they do from a connection. */
const requestTo = (reader: BodyReader, contentLength?: number, peer = '') => {
  const stream = new PassThrough({ highWaterMark: 64 * mebibyte });
  const headers = contentLength === undefined ? {} : { 'content-length': String(contentLength) };
  const request = Object.assign(stream, { headers }) as unknown as WebRequest;
  const body = reader.read(request, deadline, { peer, minimumRate: false });
  const send = async (length: number, chunk: number): Promise<void> => {
    for (let left = length; left > 0; left -= chunk) {
      stream.write(Buffer.alloc(Math.min(chunk, left), ' '));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { body, send, end: () => stream.end() };
};
const wholeOf = (body: Body) => {
  if (body.state !== 'whole') throw new Error(body.state);
  return body;
};

test.each([
  ['one chunk', 3_000, 3_000, 3_000],
  ['two chunks of an announced length', 20_000, 16_384, 20_000],
  ['many chunks of an announced length', mebibyte, 16_384, mebibyte],
  ['two chunks of no announced length', 20_000, 16_384, undefined],
  ['many chunks of no announced length', mebibyte, 10_000, undefined],
])('%s count as the memory that they hold', async (_title, length, chunk, announced) => {
  const reader = readerOf();
  const { body, send, end } = requestTo(reader, announced);
  await send(length, chunk);
  end();
  const { bytes, release } = wholeOf(await body);
  expect(bytes).toHaveLength(length);
  const memory = chunk >= length ? length : bytes.buffer.byteLength;
  expect(reader.bytesInFlight()).toBe(memory);
  if (announced !== undefined) expect(memory).toBe(announced);
  expect(memory).toBeLessThanOrEqual(Math.max(16 * kibibyte, length * 1.25));
  release();
  expect(reader.bytesInFlight()).toBe(0);
});

test('an announced length holds at most twice what came of it', async () => {
  const reader = readerOf();
  const { send } = requestTo(reader, 8 * mebibyte);
  await send(2, 1);
  expect(reader.bytesInFlight()).toBe(16 * kibibyte);
  await send(100_000, 10_000);
  expect(reader.bytesInFlight()).toBeLessThanOrEqual(200_004);
});

test('what is held never exceeds the limit, not even while a body grows', async () => {
  const maxBytesInFlight = 100 * kibibyte;
  const reader = readerOf({ maxBodyBytes: mebibyte, maxBytesInFlight });
  const { body, send } = requestTo(reader, mebibyte);
  const highest: number[] = [];
  for (let at = 0; at < 20; at++) {
    await send(10_000, 10_000);
    highest.push(reader.bytesInFlight());
  }
  expect(Math.max(...highest)).toBeLessThanOrEqual(maxBytesInFlight);
  expect(await body).toMatchObject({ state: 'rejected', rejection: { code: 'overloaded' } });
  expect(reader.bytesInFlight()).toBe(0);
});

test('a rejection keeps the beginning of the body, the chunk that did not fit included', async () => {
  const reader = readerOf({ maxBodyBytes: 100, maxBytesInFlight: kibibyte });
  const { body, send } = requestTo(reader);
  await send(10, 10);
  await send(200, 200);
  expect(await body).toMatchObject({ state: 'rejected', start: { length: 210 } });
});

test('R26: bodies of reviews that wait have half of the limits, one namespace half of that; small ones whatever they need', async () => {
  const reader = readerOf({ maxBodyBytes: mebibyte, maxBytesInFlight: 400 * kibibyte });
  const arrive = async (length: number) => {
    const { body, send, end } = requestTo(reader, length);
    await send(length, length);
    end();
    return wholeOf(await body);
  };
  const first = await arrive(60 * kibibyte);
  const second = await arrive(60 * kibibyte);
  expect([first.mayWait?.('shop'), first.mayWait?.('shop'), second.mayWait?.('shop')]).toEqual([
    true,
    true,
    false,
  ]);
  expect((await arrive(16 * kibibyte)).mayWait).toBeUndefined();
  const others = await arrive(45 * kibibyte);
  expect(others.mayWait?.('other')).toBe(true);
  others.release();
  first.release();
  expect(second.mayWait?.('shop')).toBe(true);
  second.release();
  expect((await arrive(90 * kibibyte)).mayWait?.('shop')).toBe(true);
});

test.each([
  ['no body at all', 0, 2_500, true],
  ['a body that begins and stops', 8_000, 3_000, true],
  ['a body at half of the least rate', 20_000, 5_000, true],
  ['a body that just began', 0, 1_900, false],
  ['a body at a slow but honest rate', 60_000, 5_000, false],
  ['a body while the event loop waits for nothing, however long', 0, 0, false],
])(
  'R27: %s, %i bytes while the event loop waits %i ms: given up %s',
  async (_title, bytes, waited, givenUp) => {
    let idle = 0;
    const reader = readerOf(undefined, () => idle);
    const read = (minimumRate: boolean) => {
      const stream = new PassThrough();
      const request = Object.assign(stream, { headers: {} }) as unknown as WebRequest;
      stream.write(Buffer.alloc(bytes, ' '));
      return { body: reader.read(request, deadline, { peer: 'pod', minimumRate }), end: () => stream.end() };
    };
    const stranger = read(true);
    const verified = read(false);
    await new Promise((resolve) => setImmediate(resolve));
    idle += waited;
    if (!givenUp) {
      // Two checks for slow bodies.
      await new Promise((resolve) => setTimeout(resolve, 300));
      stranger.end();
    }
    expect(await stranger.body).toMatchObject(
      givenUp ? { state: 'rejected', rejection: { code: 'deadline-exceeded' } } : { state: 'whole' },
    );
    verified.end();
    expect(await verified.body).toMatchObject({ state: 'whole' });
  },
);

/** Bodies of a peer that all but end, and fill all that may be in flight. */
const fill = async (reader: BodyReader, peers: readonly string[], length: number) => {
  const open = peers.map((peer) => requestTo(reader, length + 1, peer));
  for (const { send } of open) await send(length, length);
  return open;
};
const limits = { maxBodyBytes: 100 * kibibyte, maxBytesInFlight: 400 * kibibyte };

describe('R27: bodies that never end', () => {
  test('of one Pod give way to a body of another peer, the largest first', async () => {
    const reader = readerOf(limits);
    const held = await fill(reader, ['pod', 'pod', 'pod', 'pod'], 99 * kibibyte);
    const review = requestTo(reader, 60 * kibibyte, 'api-server');
    await review.send(60 * kibibyte, 20 * kibibyte);
    review.end();
    expect(await review.body).toMatchObject({ state: 'whole' });
    const [first] = await Promise.all(held.slice(0, 1).map(({ body }) => body));
    expect(first).toMatchObject({ state: 'rejected', rejection: { code: 'overloaded' } });
    expect(reader.bytesInFlight()).toBe((3 * 99 + 60) * kibibyte);
  });

  test('of many Pods take no more than each of them has from a peer that sends as much', async () => {
    const reader = readerOf(limits);
    await fill(reader, ['a', 'a', 'b', 'b'], 99 * kibibyte);
    const reviews = [1, 2].map(() => requestTo(reader, 60 * kibibyte, 'api-server'));
    for (const { send, end } of reviews) {
      await send(60 * kibibyte, 60 * kibibyte);
      end();
    }
    const bodies = await Promise.all(reviews.map(({ body }) => body));
    expect(bodies.map(({ state }) => state)).toEqual(['whole', 'whole']);
  });

  test('of a peer that alone holds all that may be in flight are not ended for its own next one, which is refused', async () => {
    const reader = readerOf(limits);
    const held = await fill(reader, ['api-server', 'api-server', 'api-server', 'api-server'], 99 * kibibyte);
    const next = requestTo(reader, 60 * kibibyte, 'api-server');
    await next.send(60 * kibibyte, 60 * kibibyte);
    expect(await next.body).toMatchObject({ state: 'rejected', rejection: { code: 'overloaded' } });
    for (const { end } of held) end();
    for (const { body } of held) wholeOf(await body).release();
    expect(reader.bytesInFlight()).toBe(0);
  });

  test('a peer that holds little does not end what another one sends for a body that would be larger', async () => {
    const reader = readerOf(limits);
    const held = await fill(reader, ['a', 'b', 'c', 'd'], 99 * kibibyte);
    const [large] = await fill(reader, ['e'], 99 * kibibyte);
    expect(await large?.body).toMatchObject({ state: 'rejected', rejection: { code: 'overloaded' } });
    for (const { end } of held) end();
    for (const { body } of held) expect(await body).toMatchObject({ state: 'whole' });
  });
});
