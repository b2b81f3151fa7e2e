import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { Deadline } from '../../../gate/deadline.ts';
import { createIntake } from './body-reader.ts';
import type { Body, Intake, WebRequest } from './body-reader.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const deadline = { remaining: () => 1_000, signal: () => AbortSignal.abort() } as unknown as Deadline;

const intakes: Intake[] = [];
afterEach(() => intakes.splice(0).forEach((intake) => intake.close()));
const intakeOf = (...limits: Parameters<typeof createIntake>): Intake => {
  const intake = createIntake(...limits);
  intakes.push(intake);
  return intake;
};

/** A request by hand: pieces arrive one by one, as they do from a connection. */
const requestTo = (intake: Intake, contentLength?: number, peer = '') => {
  const stream = new PassThrough({ highWaterMark: 64 * mebibyte });
  const headers = contentLength === undefined ? {} : { 'content-length': String(contentLength) };
  const request = Object.assign(stream, { headers }) as unknown as WebRequest;
  const body = intake.read(request, deadline, { peer, minimumRate: false });
  const send = async (length: number, piece: number): Promise<void> => {
    for (let left = length; left > 0; left -= piece) {
      stream.write(Buffer.alloc(Math.min(piece, left), ' '));
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
  ['one piece', 3_000, 3_000, 3_000],
  ['two pieces of an announced length', 20_000, 16_384, 20_000],
  ['many pieces of an announced length', mebibyte, 16_384, mebibyte],
  ['two pieces of no announced length', 20_000, 16_384, undefined],
  ['many pieces of no announced length', mebibyte, 10_000, undefined],
])('%s count as the memory that they hold', async (_title, length, piece, announced) => {
  const intake = intakeOf();
  const { body, send, end } = requestTo(intake, announced);
  await send(length, piece);
  end();
  const { bytes, release } = wholeOf(await body);
  expect(bytes).toHaveLength(length);
  const memory = piece >= length ? length : bytes.buffer.byteLength;
  expect(intake.bytesInFlight()).toBe(memory);
  if (announced !== undefined) expect(memory).toBe(announced);
  expect(memory).toBeLessThanOrEqual(Math.max(16 * kibibyte, length * 1.25));
  release();
  expect(intake.bytesInFlight()).toBe(0);
});

test('an announced length holds at most twice what came of it', async () => {
  const intake = intakeOf();
  const { send } = requestTo(intake, 8 * mebibyte);
  await send(2, 1);
  expect(intake.bytesInFlight()).toBe(16 * kibibyte);
  await send(100_000, 10_000);
  expect(intake.bytesInFlight()).toBeLessThanOrEqual(200_004);
});

test('what is held never exceeds the limit, not even while a body grows', async () => {
  const maxBytesInFlight = 100 * kibibyte;
  const intake = intakeOf({ maxBodyBytes: mebibyte, maxBytesInFlight });
  const { body, send } = requestTo(intake, mebibyte);
  const highest: number[] = [];
  for (let at = 0; at < 20; at++) {
    await send(10_000, 10_000);
    highest.push(intake.bytesInFlight());
  }
  expect(Math.max(...highest)).toBeLessThanOrEqual(maxBytesInFlight);
  expect(await body).toMatchObject({ state: 'refused', refusal: { code: 'overloaded' } });
  expect(intake.bytesInFlight()).toBe(0);
});

test('a refusal keeps the beginning of the body, the piece without room included', async () => {
  const intake = intakeOf({ maxBodyBytes: 100, maxBytesInFlight: kibibyte });
  const { body, send } = requestTo(intake);
  await send(10, 10);
  await send(200, 200);
  expect(await body).toMatchObject({ state: 'refused', start: { length: 210 } });
});

test('R26: bodies of reviews that wait have half of the room, one namespace half of that; small ones whatever they need', async () => {
  const intake = intakeOf({ maxBodyBytes: mebibyte, maxBytesInFlight: 400 * kibibyte });
  const arrive = async (length: number) => {
    const { body, send, end } = requestTo(intake, length);
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
])('R27: %s, %i bytes in %i ms: given up %s', async (_title, bytes, taken, givenUp) => {
  const intake = intakeOf();
  let left = 30_000;
  const slowly = { ...deadline, remaining: () => left };
  const read = (minimumRate: boolean) => {
    const stream = new PassThrough();
    const request = Object.assign(stream, { headers: {} }) as unknown as WebRequest;
    stream.write(Buffer.alloc(bytes, ' '));
    return { body: intake.read(request, slowly, { peer: 'pod', minimumRate }), end: () => stream.end() };
  };
  const stranger = read(true);
  const verified = read(false);
  await new Promise((resolve) => setImmediate(resolve));
  left -= taken;
  if (!givenUp) {
    // Two rounds of looking at slow bodies.
    await new Promise((resolve) => setTimeout(resolve, 300));
    stranger.end();
  }
  expect(await stranger.body).toMatchObject(
    givenUp ? { state: 'refused', refusal: { code: 'deadline-exceeded' } } : { state: 'whole' },
  );
  verified.end();
  expect(await verified.body).toMatchObject({ state: 'whole' });
});

/** Bodies of a peer that all but end, and fill the room. */
const fill = async (intake: Intake, peers: readonly string[], length: number) => {
  const open = peers.map((peer) => requestTo(intake, length + 1, peer));
  for (const { send } of open) await send(length, length);
  return open;
};
const room = { maxBodyBytes: 100 * kibibyte, maxBytesInFlight: 400 * kibibyte };

describe('R27: bodies that never end', () => {
  test('of one Pod give way to a body of another peer, the largest first', async () => {
    const intake = intakeOf(room);
    const held = await fill(intake, ['pod', 'pod', 'pod', 'pod'], 99 * kibibyte);
    const review = requestTo(intake, 60 * kibibyte, 'api-server');
    await review.send(60 * kibibyte, 20 * kibibyte);
    review.end();
    expect(await review.body).toMatchObject({ state: 'whole' });
    const [first] = await Promise.all(held.slice(0, 1).map(({ body }) => body));
    expect(first).toMatchObject({ state: 'refused', refusal: { code: 'overloaded' } });
    expect(intake.bytesInFlight()).toBe((3 * 99 + 60) * kibibyte);
  });

  test('of many Pods take no more than each of them has from a peer that sends as much', async () => {
    const intake = intakeOf(room);
    await fill(intake, ['a', 'a', 'b', 'b'], 99 * kibibyte);
    const reviews = [1, 2].map(() => requestTo(intake, 60 * kibibyte, 'api-server'));
    for (const { send, end } of reviews) {
      await send(60 * kibibyte, 60 * kibibyte);
      end();
    }
    const bodies = await Promise.all(reviews.map(({ body }) => body));
    expect(bodies.map(({ state }) => state)).toEqual(['whole', 'whole']);
  });

  test('of a peer that alone holds all of the room are not ended for its own next one, which is refused', async () => {
    const intake = intakeOf(room);
    const held = await fill(intake, ['api-server', 'api-server', 'api-server', 'api-server'], 99 * kibibyte);
    const next = requestTo(intake, 60 * kibibyte, 'api-server');
    await next.send(60 * kibibyte, 60 * kibibyte);
    expect(await next.body).toMatchObject({ state: 'refused', refusal: { code: 'overloaded' } });
    for (const { end } of held) end();
    for (const { body } of held) wholeOf(await body).release();
    expect(intake.bytesInFlight()).toBe(0);
  });

  test('a peer that holds little does not end what another one sends for a body that would be larger', async () => {
    const intake = intakeOf(room);
    const held = await fill(intake, ['a', 'b', 'c', 'd'], 99 * kibibyte);
    const [large] = await fill(intake, ['e'], 99 * kibibyte);
    expect(await large?.body).toMatchObject({ state: 'refused', refusal: { code: 'overloaded' } });
    for (const { end } of held) end();
    for (const { body } of held) expect(await body).toMatchObject({ state: 'whole' });
  });
});
