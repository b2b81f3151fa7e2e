import { describe, expect, test } from 'vitest';
import { createNamespaceCache } from './namespace-cache.ts';

describe('a memory that is kept for each namespace by itself (R26, R28)', () => {
  test('what one fills up pushes out nothing of another, and keys of one say nothing to another', () => {
    const memory = createNamespaceCache<number>({ namespaces: 4, entries: 3 });
    memory.set('shop', 'x', 1);
    for (let n = 0; n < 100; n++) memory.set('evil', `${n}`, n);
    memory.set('evil', 'x', 666);
    expect(memory.get('shop', 'x')).toBe(1);
    expect(memory.get('evil', '97')).toBeUndefined();
    expect(memory.get('evil', '99')).toBe(99);
    expect(memory.get('bank', 'x')).toBeUndefined();
  });

  test('forgets the namespace that was asked for the longest time ago', () => {
    const memory = createNamespaceCache<number>({ namespaces: 2, entries: 3 });
    memory.set('a', 'x', 1);
    memory.set('b', 'x', 2);
    memory.get('a', 'x');
    memory.set('c', 'x', 3);
    expect([memory.get('a', 'x'), memory.get('b', 'x'), memory.get('c', 'x')]).toEqual([1, undefined, 3]);
  });

  test('weighs what one holds by itself', () => {
    const memory = createNamespaceCache<number>({ namespaces: 4, entries: 9, weight: 10 });
    for (const name of ['shop', 'bank']) for (let n = 0; n < 3; n++) memory.of(name).set(`${n}`, n, 5);
    expect([0, 1, 2].map((n) => memory.get('shop', `${n}`))).toEqual([undefined, 1, 2]);
    expect([0, 1, 2].map((n) => memory.get('bank', `${n}`))).toEqual([undefined, 1, 2]);
  });
});
