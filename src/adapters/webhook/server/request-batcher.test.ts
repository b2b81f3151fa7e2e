import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createRounds } from './request-batcher.ts';

/** A request that is judged and recorded, and writes down when. */
const follow = async (
  rounds: ReturnType<typeof createRounds>,
  name: string,
  said: string[],
): Promise<void> => {
  await rounds.join();
  said.push(`judged ${name}`);
  rounds.afterwards(() => said.push(`recorded ${name}`));
};

describe('rounds', () => {
  test('what arrived in one turn is judged together, in its order, and recorded when all are answered', async () => {
    const rounds = createRounds();
    const said: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((name) => follow(rounds, name, said)));
    await nextTurn();
    expect(said).toEqual(['judged a', 'judged b', 'judged c', 'recorded a', 'recorded b', 'recorded c']);
  });

  test('nothing is judged before the sockets were read', async () => {
    const rounds = createRounds();
    const said: string[] = [];
    const followed = follow(rounds, 'a', said);
    await Promise.resolve();
    expect(said).toEqual([]);
    await followed;
    expect(said).toEqual(['judged a']);
  });

  test('a flood is judged in rounds of 64, with a look at the sockets between them', async () => {
    const rounds = createRounds();
    const said: string[] = [];
    const all = Array.from({ length: 150 }, (_, index) => follow(rounds, String(index), said));
    const judged: number[] = [];
    while (judged.at(-1) !== 150) {
      await nextTurn();
      judged.push(said.filter((line) => line.startsWith('judged')).length);
    }
    await Promise.all(all);
    expect([...new Set(judged)]).toEqual([64, 128, 150]);
  });

  test('who comes while a round is judged belongs to the next one', async () => {
    const rounds = createRounds();
    const said: string[] = [];
    const first = follow(rounds, 'first', said).then(() => follow(rounds, 'second', said));
    await first;
    expect(said).toEqual(['judged first', 'recorded first', 'judged second']);
  });

  test('the end of the server leaves no answer unrecorded, and records none twice', async () => {
    const rounds = createRounds();
    const said: string[] = [];
    await follow(rounds, 'last', said);
    rounds.finish();
    expect(said).toEqual(['judged last', 'recorded last']);
    await nextTurn();
    expect(said).toEqual(['judged last', 'recorded last']);
  });
});
