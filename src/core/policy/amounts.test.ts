import { describe, expect, test } from 'vitest';
import { describeDuration } from '../text/duration.ts';
import { readDuration } from './schema/duration.ts';
import { describeSize } from '../text/size.ts';
import { readSize } from './schema/size.ts';

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['14d', 1_209_600_000],
    ['0', 0],
    ['0s', 0],
    ['36500d', 3_153_600_000_000],
  ])('%s', (text, want) => expect(readDuration(text)).toBe(want));
  test.each([
    [''],
    ['5'],
    ['1.5h'],
    ['-1h'],
    ['1H'],
    ['1w'],
    [' 1h'],
    ['1h '],
    ['36501d'],
    ['99999999999s'],
    ['1h30m'],
  ])('%j is none', (text) => expect(readDuration(text)).toBeUndefined());
  test.each([
    [90 * 86_400_000, '90 days'],
    [86_400_000, '1 day'],
    [86_399_999, '23 hours'],
    [59_999, '59 seconds'],
    [1_000, '1 second'],
    [5, '0 seconds'],
  ])('%d ms is said as %s', (milliseconds, want) => expect(describeDuration(milliseconds)).toBe(want));
});

describe('sizes', () => {
  test.each([
    ['500Mi', 500 * 2 ** 20],
    ['2G', 2e9],
    ['10k', 10_000],
    ['4Ti', 2 ** 42],
    ['1048576', 2 ** 20],
  ])('%s', (text, want) => expect(readSize(text)).toBe(want));
  test.each([
    [''],
    ['0'],
    ['0Mi'],
    ['1.5Gi'],
    ['-1'],
    ['1MB'],
    ['1K'],
    ['1mi'],
    ['1 Gi'],
    ['9999999999999Ti'],
    ['1e3'],
  ])('%j is none', (text) => expect(readSize(text)).toBeUndefined());
  test.each([
    [2 ** 30, '1 GiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [500 * 2 ** 20, '500 MiB'],
    [2 ** 10, '1 KiB'],
    [1023, '1023 bytes'],
  ])('%d bytes are said as %s', (bytes, want) => expect(describeSize(bytes)).toBe(want));
});
