import { describe, expect, test } from 'vitest';
import { defaultScan, scanBounds } from './scan-bounds.ts';

const parse = (value: unknown) => scanBounds.parse(value, '/');

describe('scan of the configuration file', () => {
  test('what is left out stays as it is', () => {
    expect(parse({})).toEqual({ ok: true, value: defaultScan });
    expect(parse({ time: '90s', bytes: '10GiB' })).toEqual({
      ok: true,
      value: { ...defaultScan, time: 90_000, bytes: 10 * 2 ** 30 },
    });
  });

  test('is shown as it can be written again', () => {
    const shown = scanBounds.show(defaultScan);
    expect(shown).toEqual({ atOnce: 2, time: '5m', bytes: '4GiB', unpacked: '16GiB' });
    expect(parse(shown)).toEqual({ ok: true, value: defaultScan });
  });

  test.each([
    ['no image at all', { atOnce: 0 }, 'atOnce', /whole number from 1 to 16/],
    ['more threads than memory', { atOnce: 17 }, 'atOnce', /whole number from 1 to 16/],
    ['no time', { time: '0s' }, 'time', /no time at all/],
    ['too little of it', { time: '10ms' }, 'time', /duration from 1s to 1h/],
    ['a number without a unit', { time: 300 }, 'time', /./],
    ['no bytes', { bytes: 0 }, 'bytes', /no room at all/],
    ['too few of them', { bytes: '1k' }, 'bytes', /size from 1MiB to 1TiB/],
    ['no size', { unpacked: 'much' }, 'unpacked', /./],
    ['a list', { bytes: ['4GiB'] }, 'bytes', /size/],
    ['another field', { threads: 2 }, 'threads', /unknown field/],
  ])('%s is refused', (_title, value, field, why) => {
    const read = parse(value);
    expect(read.ok ? undefined : read.error.path).toEqual([field]);
    expect(read.ok ? '' : read.error.message).toMatch(why);
  });
});
