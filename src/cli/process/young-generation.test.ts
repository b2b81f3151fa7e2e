import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { printedNumber } from '../../../test/printed-number.ts';
import { growthFactor } from './young-generation.ts';

const mebibyte = 1024 * 1024;

/** Objects that live for some time: V8 lets their part of the heap grow. @returns its largest size, in bytes */
const sizeAfter = (first: string): number =>
  printedNumber(`
    import { getHeapSpaceStatistics } from 'node:v8';
    import { setImmediate } from 'node:timers/promises';
    ${first}
    const alive = [];
    let peak = 0;
    for (let at = 0; at < 2_000_000; at++) {
      alive[at % 20_000] = { a: [at, at + 1], b: { c: String(at) } };
      if (at % 1000 !== 0) continue;
      await setImmediate();
      const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
      peak = Math.max(peak, young.space_size);
    }
    console.log(peak);
  `);

test.each([
  ['of 1 MiB may double', 1, 2],
  ['of 4 MiB may double', 4, 2],
  ['of 8 MiB may not grow', 8, 1],
  ['that was larger before may not grow', 32, 1],
])('a young generation %s', (_, mebibytes, factor) => {
  expect(growthFactor(mebibytes * mebibyte)).toBe(factor);
});

test('a young generation stays small where V8 by itself lets it grow', () => {
  const file = fileURLToPath(new URL('young-generation.ts', import.meta.url));
  const limited = sizeAfter(`(await import(${JSON.stringify(file)})).limitYoungGeneration();`);
  expect([limited <= 16 * mebibyte, sizeAfter('') > 16 * mebibyte]).toEqual([true, true]);
}, 60_000);
