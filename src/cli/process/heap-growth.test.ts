import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { printedNumber } from '../../../test/printed-number.ts';
import { growingPercent } from './heap-growth.ts';

/**
 * Half a million objects are alive, each of which is exchanged for another one in turn, as entries of a cache are. It waits in
 * between: on a busy machine the threads that collect beside it would come too late, and any heap would grow.
 */
const churn = (first: string): string => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { setTimeout } from 'node:timers/promises';
  ${first}
  const alive = new Map();
  let peak = 0;
  for (let at = 0; at < 2_500_000; at++) {
    alive.set(at % 500_000, { a: [at, at + 1, at + 2], b: { c: String(at), d: [at] } });
    if (at % 1000 !== 0) continue;
    await setTimeout(1);
    const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
    peak = Math.max(peak, old.space_size);
  }
  console.log(peak);
`;
const peakOf = (first: string): number => printedNumber(churn(first));

test.each([
  ['of a few MiB may grow to four times as much', 8, 300],
  ['of 32 MiB may grow to 96 MiB', 32, 200],
  ['of 48 MiB too', 48, 100],
  ['of 60 MiB or more may grow by three fifths', 60, 60],
  ['of 200 MiB too', 200, 60],
  ['of which nothing is known yet may grow to four times as much', 0, 300],
])('a heap %s', (_, mebibytes, percent) => {
  expect(growingPercent(mebibytes * 1024 * 1024)).toBe(percent);
});

// One of three rounds: where other programs take the cores, what collects beside the program may still come too late.
test('a heap of caches stays nearer to what is alive in it than it does by default', () => {
  const file = fileURLToPath(new URL('heap-growth.ts', import.meta.url));
  const limited = `(await import(${JSON.stringify(file)})).limitHeapGrowth();`;
  expect([1, 2, 3].some(() => peakOf(limited) < 0.8 * peakOf(''))).toBe(true);
}, 120_000);
