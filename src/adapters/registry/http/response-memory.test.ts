import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createDoubles,
  onLoopback,
  requestTo,
  responseOf,
} from '../../../../test/fakes/registry/registry-transport.ts';
import { type ResponseMemory, createResponseMemoryBudget } from './response-memory.ts';
import { readBody } from './response-body.ts';

const kilobyte = 1024;

/** How many bytes can still be reserved. */
const freeIn = (memory: ResponseMemory): number => {
  let bytes = 0;
  while (memory.reserve(kilobyte)) bytes += kilobyte;
  memory.release(bytes);
  return bytes;
};

const shop = (): readonly string[] => ['shop'];
const evil = (): readonly string[] => ['evil'];
/** Twice the size: one owner alone gets half of the whole. */
const createMemory = (size: number): ResponseMemory =>
  createResponseMemoryBudget(2 * size).forResponse(true, shop);

describe('the memory for responses that are being read (B9)', () => {
  test('is given back whether a body came whole, was too long, or broke off', async () => {
    const memory = createMemory(256 * kilobyte);
    const whole = new PassThrough();
    const long = new PassThrough();
    const broken = new PassThrough();
    const reads = [whole, long, broken].map((body) => readBody(body, 64 * kilobyte, memory));
    for (const body of [whole, long, broken]) body.write(Buffer.alloc(40 * kilobyte));
    await nextTurn();
    expect(freeIn(memory)).toBe(136 * kilobyte);
    whole.end();
    long.write(Buffer.alloc(40 * kilobyte));
    broken.destroy(new Error('the wire was cut'));
    expect((await Promise.all(reads)).map(({ end }) => end)).toEqual(['whole', 'limit', 'error']);
    expect(freeIn(memory)).toBe(256 * kilobyte);
  });

  test('when it is taken, a body that does not fit is given up and its connection closed', async () => {
    const memory = createMemory(48 * kilobyte);
    const first = new PassThrough();
    const second = new PassThrough();
    const reads = [first, second].map((body) => readBody(body, 64 * kilobyte, memory));
    first.write(Buffer.alloc(40 * kilobyte));
    await nextTurn();
    second.write(Buffer.alloc(40 * kilobyte));
    expect((await reads[1])?.end).toBe('memory');
    expect(second.destroyed).toBe(true);
    first.end();
    expect((await reads[0])?.end).toBe('whole');
    expect(freeIn(memory)).toBe(48 * kilobyte);
  });

  test('an empty body takes none', async () => {
    const body = new PassThrough();
    body.end();
    expect(await readBody(body, 10, createMemory(0))).toEqual({ end: 'whole', bytes: new Uint8Array() });
  });

  test('hosts that only an image name knows cannot take what is kept for those of the configuration', () => {
    const budget = createResponseMemoryBudget(100 * kilobyte);
    while (budget.forResponse(false, evil).reserve(kilobyte));
    expect(budget.forResponse(false, evil).reserve(kilobyte)).toBe(false);
    expect(freeIn(budget.forResponse(true, evil))).toBe(50 * kilobyte);
  });

  test('R26: a namespace that reads slow answers of a configured host leaves others their quarter', () => {
    const budget = createResponseMemoryBudget(100 * kilobyte);
    while (budget.forResponse(true, evil).reserve(kilobyte));
    while (budget.forResponse(true, () => ['worse']).reserve(kilobyte));
    expect(freeIn(budget.forResponse(true, shop))).toBe(25 * kilobyte);
  });

  test('R26: a read that another namespace has joined has the memory of both, and gives each back its own', () => {
    const budget = createResponseMemoryBudget(100 * kilobyte);
    const joined = new Set(['evil']);
    const shared = budget.forResponse(true, () => joined);
    while (shared.reserve(kilobyte));
    joined.add('shop');
    expect(shared.reserve(25 * kilobyte)).toBe(true);
    expect(budget.forResponse(true, shop).reserve(kilobyte)).toBe(false);
    shared.release(75 * kilobyte);
    expect(freeIn(budget.forResponse(true, shop))).toBe(50 * kilobyte);
  });
});

describe('a transport whose memory is taken', () => {
  const doubles = createDoubles();
  afterEach(doubles.end);
  const large = Buffer.alloc(200 * kilobyte, 'x');

  test('refuses made-up hosts for want of memory, says so, and still reads a registry of the configuration', async () => {
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
      { limits: { maxResponseBytes: 600 * kilobyte } },
    );
    const read = async (host: string) => responseOf(await http.send(requestTo(host))).read(400 * kilobyte);
    const held = read(stalled.host);
    await expect.poll(async () => (await read(other.host)).ok).toBe(false);
    const refused = await read(other.host);
    expect(refused.ok ? undefined : refused.error).toMatchObject({
      kind: 'busy',
      why: 'the gate is reading as many bytes of answers as it may at one time, or as one namespace gets of them',
    });
    expect((await read(own.host)).ok).toBe(true);
    finish();
    expect((await held).ok).toBe(true);
    expect((await read(other.host)).ok).toBe(true);
  });
});
