import { expect, test } from 'vitest';
import { deadlineAfter } from '../../../gate/deadline.ts';
import { createLargeBodyLock, peekNamespace } from './large-body-lock.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const soon = () => deadlineAfter(30, clock);
const later = () => deadlineAfter(5_000, clock);

test('R19: one at a time, in order of arrival', async () => {
  const lock = createLargeBodyLock();
  const order: number[] = [];
  let inside = 0;
  const holdLock = async (number: number): Promise<void> => {
    const release = await lock.acquire('shop', later());
    expect(++inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    order.push(number);
    inside--;
    release?.();
  };
  await Promise.all([holdLock(1), holdLock(2), holdLock(3)]);
  expect(order).toEqual([1, 2, 3]);
});

test('who waits too long does not get the lock and blocks nobody behind', async () => {
  const lock = createLargeBodyLock();
  const first = await lock.acquire('shop', later());
  const second = lock.acquire('shop', soon());
  const third = lock.acquire('shop', later());
  expect(await second).toBeUndefined();
  first?.();
  const release = await third;
  expect(release).toBeDefined();
  release?.();
});

test('the event loop goes round between two holders', async () => {
  const lock = createLargeBodyLock();
  const first = await lock.acquire('shop', later());
  let got = false;
  const second = lock.acquire('shop', later()).then(() => (got = true));
  first?.();
  for (let at = 0; at < 20; at++) await Promise.resolve();
  expect(got).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  await second;
  expect(got).toBe(true);
});

test('R26: a namespace that sends one large body after the other keeps another waiting for one of them', async () => {
  const lock = createLargeBodyLock();
  const order: string[] = [];
  const holdLock = async (namespace: string): Promise<void> => {
    const release = await lock.acquire(namespace, later());
    order.push(namespace);
    release?.();
  };
  await Promise.all(['evil', 'evil', 'evil', 'evil', 'shop', 'other'].map(holdLock));
  expect(order.slice(0, 4).sort()).toEqual(['evil', 'evil', 'other', 'shop']);
});

test.each<[string, string, string]>([
  [
    'the namespace of its request',
    '{"request":{"uid":"1","name":"web","namespace":"shop","object":{}}}',
    'shop',
  ],
  ['none, of a review that names none', '{"request":{"uid":"1","object":{}}}', ''],
  ['none, where it is too long for one', `{"namespace":"${'a'.repeat(64)}"}`, ''],
  ['none, where it does not end', '{"namespace":"shop', ''],
  ['none, of bytes that are no text', '\u0000\u00ff', ''],
  [
    'no text that pretends to be one',
    JSON.stringify({ request: { name: '"namespace":"evil"', namespace: 'shop' } }),
    'shop',
  ],
  ['nothing that stands far behind', `{"request":{"x":"${'a'.repeat(9000)}","namespace":"shop"}}`, ''],
])('a body that was not parsed yet waits in the line of %s', (_title, body, namespace) => {
  expect(peekNamespace(Buffer.from(body))).toBe(namespace);
});
