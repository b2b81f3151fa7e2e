import { describe, expect, test } from 'vitest';
import { createProgress } from './progress.ts';

const work = (steps: number, millisecondsEach: number): readonly string[] => {
  const said: string[] = [];
  let time = 0;
  const progress = createProgress(
    (done) => `judged ${done}`,
    (text) => said.push(text),
    () => time,
  );
  for (let step = 0; step < steps; step++) {
    progress.step();
    time += millisecondsEach;
  }
  progress.end();
  return said;
};

describe('progress on a terminal', () => {
  test.each([
    ['short work says nothing', 100, 1, []],
    ['one long step says nothing before the next', 1, 5000, []],
    ['work longer than a second says how far it is, and takes it away', 3, 600, ['judged 2', '']],
    ['a line comes at most every 200 ms', 15, 100, ['judged 10', 'judged 12', 'judged 14', '']],
  ])('%s', (_title, steps, each, said) => {
    expect(work(steps, each)).toEqual(said);
  });

  test('nothing is asked of a clock when nobody watches', () => {
    let asked = 0;
    const progress = createProgress(
      () => 'never',
      undefined,
      () => ++asked,
    );
    progress.step();
    progress.end();
    expect(asked).toBe(0);
  });
});
