import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonObject } from './json-document.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';

const read = (text: string | Uint8Array) =>
  readJsonObject(typeof text === 'string' ? new TextEncoder().encode(text) : text);
const twice = 'it holds one key twice, which runtimes and we would read differently';
const why = (text: string | Uint8Array): string | undefined => {
  const found = read(text);
  return found.ok ? undefined : found.error.why;
};

describe('JSON of a stranger', () => {
  const cases: readonly (readonly [string, string | Uint8Array, string | undefined])[] = [
    ['an object is read', '{"a":[1,{"b":null}],"c":"}{,\\""}', undefined],
    ['blanks around it are allowed', ' \n{ "a" : 1 }\t', undefined],
    ['one key in two objects is allowed', '{"a":{"x":1},"b":{"x":2},"c":[{"x":1},{"x":2}]}', undefined],
    ['a value that equals a key is allowed', '{"a":"a","b":["a","a"]}', undefined],
    ['a list is refused', '[]', 'it is not a JSON object'],
    ['null is refused', 'null', 'it is not a JSON object'],
    ['nothing is refused', '', 'it is not JSON'],
    ['half a document is refused', '{"a":', 'it is not JSON'],
    ['two documents are refused', '{}{}', 'it is not JSON'],
    ['a byte order mark is refused', '\ufeff{}', 'it is not JSON'],
    [
      'bytes that are no UTF-8 are refused',
      Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
      'it is not valid UTF-8',
    ],
    ['a key that stands twice is refused', '{"config":1,"layers":[],"config":2}', twice],
    ['the same, one of them written with an escape', String.raw`{"config":1,"c\u006fnfig":2}`, twice],
    ['backslashes before a quote are counted', String.raw`{"a":"\\","b\":1,\"a":2,"c":"\\\""}`, undefined],
    ['a key twice behind such a string', String.raw`{"a":"\\","a":2}`, twice],
    ['the same, deep inside', '{"a":[{"b":{"x":1,"y":{},"x":2}}]}', twice],
    ['64 levels are read', `${'{"a":'.repeat(63)}{}${'}'.repeat(63)}`, undefined],
    [
      '65 levels are refused',
      `${'{"a":'.repeat(64)}{}${'}'.repeat(64)}`,
      'it is nested deeper than 64 levels',
    ],
  ];
  test.each(cases)('%s', (_title, text, expected) => {
    expect(why(text)).toBe(expected);
  });

  test('a document of nothing but brackets is refused before it is parsed (B9)', () => {
    expect(why(`{"a":[${'[],'.repeat(1_000_000)}[]]}`)).toMatch(/more than 30000/);
    expect(why('['.repeat(4_000_000))).toMatch(/deeper/);
  });

  /** What the machine takes to look at each byte once. */
  const lookAtEach = (bytes: Uint8Array): number => {
    let sum = 0;
    for (const byte of bytes) sum = (sum * 31 + byte) % 65_521;
    return sum;
  };
  const twoLevels = (inner: string) => `{"schemaVersion":2,"layers":[],"annotations":{${inner}}}`;
  const four = 4 * 1024 * 1024;
  const large: readonly (readonly [string, string])[] = [
    ['keys with escapes', twoLevels(Array.from({ length: 250_000 }, (_, at) => `"\\u0061${at}":""`).join())],
    ['keys', twoLevels(Array.from({ length: 350_000 }, (_, at) => `"k${at}":""`).join())],
    ['escaped quotes', twoLevels(`"a":"${'\\"'.repeat(four / 2)}"`)],
    ['backslashes', twoLevels(`"a":"${'\\\\'.repeat(four / 2)}"`)],
    ['blanks', `{"schemaVersion":2${' '.repeat(four)}}`],
    ['texts without commas', `{${'""'.repeat(four / 2)}}`],
    ['closing brackets', `{${']'.repeat(four)}}`],
  ];
  test.each(large)(
    '4 MiB of %s are read about as fast as each byte is looked at once (B9)',
    (_title, text) => {
      const bytes = new TextEncoder().encode(text);
      const used: number[] = [];
      const looked: number[] = [];
      // In turns, so that a busy machine is busy for both.
      for (let round = 0; round < 4; round++) {
        looked.push(threadTime(() => lookAtEach(bytes)));
        used.push(threadTime(() => read(bytes)));
      }
      expect(Math.min(...used)).toBeLessThan(3 * Math.min(...looked));
    },
  );

  test('every object without a key twice is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value);
        const found = read(text);
        expect(found).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  test('no text makes it throw', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'a', '"a"', '"a":', ' ', '1');
    fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (parts) => void why(parts.join(''))));
  });
});
