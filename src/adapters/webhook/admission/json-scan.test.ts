import { describe, expect, test } from 'vitest';
import { scanJson } from './json-scan.ts';
import { fixture } from '../../../../test/fakes/webhook-server.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);

describe('R19: bytes are scanned before they are parsed', () => {
  test.each([
    ['passes a real review', bytes(fixture('pod-create.json')), undefined],
    ['passes nothing at all', bytes(''), undefined],
    ['passes 200 levels of arrays', bytes(nested(200)), undefined],
    ['refuses 201 levels of arrays', bytes(nested(201)), 'too-deep'],
    ['refuses 201 levels of objects', bytes('{"a":'.repeat(201) + '1' + '}'.repeat(201)), 'too-deep'],
    ['refuses mixed levels', bytes('[{"a":'.repeat(101) + '1' + '}]'.repeat(101)), 'too-deep'],
    ['refuses a bomb that is never closed', bytes('['.repeat(100_000)), 'too-deep'],
    ['passes many brackets side by side', bytes(`[${'[],'.repeat(5_000)}{}]`), undefined],
    ['passes brackets inside strings', bytes(`["${'['.repeat(1_000)}"]`), undefined],
    ['sees brackets behind an escaped quote as text', bytes(`["\\"${'['.repeat(1_000)}"]`), undefined],
    ['sees brackets behind an escaped backslash as nesting', bytes(`["\\\\",${nested(201)}]`), 'too-deep'],
    [
      'is not led astray by closing brackets in strings',
      bytes('["]]]]",'.repeat(201) + '1' + ']'.repeat(201)),
      'too-deep',
    ],
    ['passes an unfinished string (the parser refuses it)', bytes(`"${'['.repeat(500)}\\`), undefined],
    ['refuses a byte that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid-utf8'],
    ['refuses an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'invalid-utf8'],
    ['refuses a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalid-utf8'],
    ['passes text beyond ASCII', bytes('{"größe":"日本"}'), undefined],
    ['passes 500,000 tokens', bytes(`[${'1,'.repeat(499_997)}1]`), undefined],
    ['refuses more than 500,000 values', bytes(`[${'1,'.repeat(500_000)}1]`), 'too-many-tokens'],
    ['refuses more than 500,000 empty objects', bytes(`[${'{},'.repeat(260_000)}{}]`), 'too-many-tokens'],
    [
      'refuses more than 500,000 keys and values',
      bytes(`{${'"a":1,'.repeat(250_001)}"a":1}`),
      'too-many-tokens',
    ],
    ['counts no commas inside strings', bytes(`["${','.repeat(1_000_000)}"]`), undefined],
  ])('%s', (_title, input, want) => expect(scanJson(input)).toBe(want));

  test('finds the depth wherever the buffer begins in memory', () => {
    for (let offset = 0; offset < 8; offset++) {
      const memory = Buffer.concat([Buffer.alloc(offset, 0x7b), bytes(nested(201))]);
      expect(scanJson(memory.subarray(offset))).toBe('too-deep');
      const passing = Buffer.concat([Buffer.alloc(offset, 0x7b), bytes(nested(200)), bytes('{{{')]);
      expect(scanJson(passing.subarray(offset, offset + 400))).toBeUndefined();
    }
  });

  test('counts short bodies wherever they begin in memory: a view of words needs an aligned start', () => {
    for (let offset = 0; offset < 4; offset++) {
      for (let length = 0; length <= 8; length++) {
        const memory = new Uint8Array(offset + length).fill(0x7b);
        expect([offset, length, scanJson(memory.subarray(offset))]).toEqual([offset, length, undefined]);
      }
    }
  });

  test('takes linear time: 8 MiB of quotes and backslashes stay far below a second', () => {
    const used = threadTime(() => {
      scanJson(Buffer.alloc(8 * 1024 * 1024, '"\\'));
      scanJson(Buffer.alloc(8 * 1024 * 1024, '"'));
    });
    expect(used).toBeLessThan(1_000);
  });
});

test('duplicate keys: the last one holds, as for the API server, and __proto__ is an ordinary key', () => {
  const parsed = JSON.parse('{"a":1,"a":2,"__proto__":{"x":1}}') as Record<string, unknown>;
  expect(parsed['a']).toBe(2);
  expect(parsed['x']).toBeUndefined();
  expect(Object.keys(parsed)).toContain('__proto__');
});
