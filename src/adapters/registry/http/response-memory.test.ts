import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createDoubles,
  onLoopback,
  requestTo,
  responseOf,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { type AnswerRoom, createAnswerRooms } from './response-memory.ts';
import { readBody } from './response-body.ts';

const kilobyte = 1024;

/** How much room there is, found by taking it. */
const roomIn = (room: AnswerRoom): number => {
  let bytes = 0;
  while (room.take(kilobyte)) bytes += kilobyte;
  room.give(bytes);
  return bytes;
};

const shop = (): readonly string[] => ['shop'];
const evil = (): readonly string[] => ['evil'];
/** Twice the size: one owner alone gets half of the whole. */
const createAnswerRoom = (size: number): AnswerRoom => createAnswerRooms(2 * size).of(true, shop);

describe('the room for answers that are being read (B9)', () => {
  test('is given back whether a body came whole, was too long, or broke off', async () => {
    const room = createAnswerRoom(256 * kilobyte);
    const whole = new PassThrough();
    const long = new PassThrough();
    const broken = new PassThrough();
    const reads = [whole, long, broken].map((body) => readBody(body, 64 * kilobyte, room));
    for (const body of [whole, long, broken]) body.write(Buffer.alloc(40 * kilobyte));
    await nextTurn();
    expect(roomIn(room)).toBe(136 * kilobyte);
    whole.end();
    long.write(Buffer.alloc(40 * kilobyte));
    broken.destroy(new Error('the wire was cut'));
    expect((await Promise.all(reads)).map(({ end }) => end)).toEqual(['whole', 'limit', 'error']);
    expect(roomIn(room)).toBe(256 * kilobyte);
  });

  test('when it is taken, a body that does not fit is given up and its connection closed', async () => {
    const room = createAnswerRoom(48 * kilobyte);
    const first = new PassThrough();
    const second = new PassThrough();
    const reads = [first, second].map((body) => readBody(body, 64 * kilobyte, room));
    first.write(Buffer.alloc(40 * kilobyte));
    await nextTurn();
    second.write(Buffer.alloc(40 * kilobyte));
    expect((await reads[1])?.end).toBe('room');
    expect(second.destroyed).toBe(true);
    first.end();
    expect((await reads[0])?.end).toBe('whole');
    expect(roomIn(room)).toBe(48 * kilobyte);
  });

  test('an empty body takes none', async () => {
    const body = new PassThrough();
    body.end();
    expect(await readBody(body, 10, createAnswerRoom(0))).toEqual({ end: 'whole', bytes: new Uint8Array() });
  });

  test('hosts that only an image name knows cannot take what is kept for those of the configuration', () => {
    const rooms = createAnswerRooms(100 * kilobyte);
    while (rooms.of(false, evil).take(kilobyte));
    expect(rooms.of(false, evil).take(kilobyte)).toBe(false);
    expect(roomIn(rooms.of(true, evil))).toBe(50 * kilobyte);
  });

  test('R26: a namespace that reads slow answers of a configured host leaves others their quarter', () => {
    const rooms = createAnswerRooms(100 * kilobyte);
    while (rooms.of(true, evil).take(kilobyte));
    while (rooms.of(true, () => ['worse']).take(kilobyte));
    expect(roomIn(rooms.of(true, shop))).toBe(25 * kilobyte);
  });

  test('R26: a read that another namespace has joined has the room of both, and gives each back its own', () => {
    const rooms = createAnswerRooms(100 * kilobyte);
    const joined = new Set(['evil']);
    const shared = rooms.of(true, () => joined);
    while (shared.take(kilobyte));
    joined.add('shop');
    expect(shared.take(25 * kilobyte)).toBe(true);
    expect(rooms.of(true, shop).take(kilobyte)).toBe(false);
    shared.give(75 * kilobyte);
    expect(roomIn(rooms.of(true, shop))).toBe(50 * kilobyte);
  });
});

describe('a transport whose room is taken', () => {
  const doubles = createDoubles();
  afterEach(doubles.end);
  const large = Buffer.alloc(200 * kilobyte, 'x');

  test('refuses made-up hosts for want of room, says so, and still reads a registry of the configuration', async () => {
    let finish = (): void => {};
    const stalled = await doubles.serve(({ response }) => {
      response.writeHead(200);
      response.write(large);
      finish = () => response.end();
    });
    const other = await doubles.serve(({ response }) => response.writeHead(200).end(large));
    const own = await doubles.serve(({ response }) => response.writeHead(200).end(large));
    const http = doubles.transport(
      {
        [stalled.host]: onLoopback,
        [other.host]: onLoopback,
        [own.host]: { ...onLoopback, configured: true },
      },
      { limits: { answerBytes: 600 * kilobyte } },
    );
    const read = async (host: string) => responseOf(await http.send(requestTo(host))).read(400 * kilobyte);
    const held = read(stalled.host);
    await expect.poll(async () => (await read(other.host)).ok, { timeout: 5000 }).toBe(false);
    const refused = await read(other.host);
    expect(refused.ok ? undefined : refused.failure).toMatchObject({
      kind: 'busy',
      why: 'the gate is reading as many bytes of answers as it may at one time, or as one namespace gets of them',
    });
    expect((await read(own.host)).ok).toBe(true);
    finish();
    expect((await held).ok).toBe(true);
    expect((await read(other.host)).ok).toBe(true);
  });
});
