import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../core/text/address.ts';
import { parseAddress } from './address.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { parseDuration } from './duration.ts';
import { formatSize } from '../../core/text/size.ts';
import { parseSize } from './size.ts';

const refused = (pattern: RegExp) => ({ ok: false, error: expect.stringMatching(pattern) as unknown });

describe('parseDuration', () => {
  test.each([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['500ms', 500],
  ])('reads %s', (text, value) => expect(parseDuration(text)).toEqual({ ok: true, value }));

  test.each([
    ['a bare number: its unit would be guessed', '30', /whole number and a unit/],
    ['a fraction', '1.5h', /no duration/],
    ['a negative', '-1h', /no duration/],
    ['an unknown unit', '1w', /30s, 10m, 1h or 7d/],
    ['nothing', '', /no duration/],
    ['zero', '0s', /at least 1ms/],
    ['more than a hundred years', '36501d', /100 years/],
    ['digits beyond counting', `${'9'.repeat(400)}d`, /no duration/],
  ])('refuses %s', (_title, text, why) => expect(parseDuration(text)).toEqual(refused(why)));

  test('reads what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (value) => {
        expect(parseDuration(formatDuration(value))).toEqual({ ok: true, value });
      }),
    );
  });
});

describe('parseSize', () => {
  test.each([
    ['1GiB', 2 ** 30],
    ['512Mi', 2 ** 29],
    ['500MB', 5e8],
    ['2k', 2_000],
    ['1048576', 2 ** 20],
    ['10b', 10],
  ])('reads %s', (text, value) => expect(parseSize(text)).toEqual({ ok: true, value }));

  test.each([
    ['zero', '0', /at least 1B/],
    ['a fraction', '1.5GiB', /no size/],
    ['an unknown unit', '1PiB', /512MiB or 1GiB/],
    ['more than can be counted', '9999999999999TiB', /more than can be counted/],
  ])('refuses %s', (_title, text, why) => expect(parseSize(text)).toEqual(refused(why)));

  test('reads what formatSize writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseSize(formatSize(value))).toEqual({ ok: true, value });
      }),
    );
  });
});

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    ['[::]:65535', { host: '::', port: 65_535 }],
    ['gate.example.com:443', { host: 'gate.example.com', port: 443 }],
  ])('reads %s', (text, value) => {
    expect(parseAddress(text)).toEqual({ ok: true, value });
    expect(formatAddress(value)).toBe(text);
  });

  test.each([
    ['a port alone, and shows the address meant', '8443', /write 127\.0\.0\.1:8443/],
    ['a host alone', 'localhost', /the port is missing/],
    ['no host: it would listen on every address', ':8443', /host is missing/],
    ['an IPv6 address without brackets', '::1:8443', /brackets/],
    ['brackets around something else', '[localhost]:8443', /no IPv6 address/],
    ['a port that is too large', 'localhost:65536', /0 \(any free one\) to 65535/],
    ['a port with a sign', 'localhost:+1', /is a number/],
    ['an IPv4 address with a number too large', '127.0.0.256:1', /no IPv4 address/],
    ['a host with a slash', 'a/b:1', /no host name/],
    ['nothing', '', /no HOST:PORT/],
  ])('refuses %s', (_title, text, why) => expect(parseAddress(text)).toEqual(refused(why)));
});
