import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createRequestBatcher } from './request-batcher.ts';

/** A request that is judged and recorded, and writes down when. */
const follow = async (
  batcher: ReturnType<typeof createRequestBatcher>,
  name: string,
  said: string[],
  bytes = 6_500,
): Promise<void> => {
  await batcher.nextBatch(bytes);
  said.push(`judged ${name}`);
  batcher.afterBatch(() => said.push(`recorded ${name}`));
};

describe('the request batcher', () => {
  test('what arrived in one round of the event loop is judged together, in its order, and recorded when all are answered', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((name) => follow(batcher, name, said)));
    await nextTurn();
    expect(said).toEqual(['judged a', 'judged b', 'judged c', 'recorded a', 'recorded b', 'recorded c']);
  });

  test('nothing is judged before the sockets were read', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    const followed = follow(batcher, 'a', said);
    await Promise.resolve();
    expect(said).toEqual([]);
    await followed;
    expect(said).toEqual(['judged a']);
  });

  test('a flood is judged in batches of 64, and the sockets are read between them', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    const all = Array.from({ length: 150 }, (_, index) => follow(batcher, String(index), said));
    const judged: number[] = [];
    while (judged.at(-1) !== 150) {
      await nextTurn();
      judged.push(said.filter((line) => line.startsWith('judged')).length);
    }
    await Promise.all(all);
    expect([...new Set(judged)]).toEqual([64, 128, 150]);
  });

  test('R24: large bodies are judged a few at a time, and a body of any size is', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    const sizes = [100_000, 100_000, 300_000, 300_000, 9_000_000, 0, 500_000, 0];
    const all = sizes.map((bytes, index) => follow(batcher, String(index), said, bytes));
    const judged: number[] = [];
    while (judged.at(-1) !== sizes.length) {
      await nextTurn();
      judged.push(said.filter((line) => line.startsWith('judged')).length);
    }
    await Promise.all(all);
    expect([...new Set(judged)]).toEqual([3, 4, 5, 8]);
  });

  test('who comes while a round is judged belongs to the next one', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    const first = follow(batcher, 'first', said).then(() => follow(batcher, 'second', said));
    await first;
    expect(said).toEqual(['judged first', 'recorded first', 'judged second']);
  });

  test('the end of the server leaves no answer unrecorded, and records none twice', async () => {
    const batcher = createRequestBatcher();
    const said: string[] = [];
    await follow(batcher, 'last', said);
    batcher.flush();
    expect(said).toEqual(['judged last', 'recorded last']);
    await nextTurn();
    expect(said).toEqual(['judged last', 'recorded last']);
  });
});
