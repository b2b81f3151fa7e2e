import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';
import { readJsonValue } from './json-text.ts';

/** The engine has seen these keys one behind the other, and goes by that when it parses the next object. */
const isShown = (...keys: readonly string[]): void => {
  for (let times = 0; times < 5; times++)
    JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, {}]))));
};
const keysOf = (text: string): readonly string[] => Object.keys(parseJson(text) as object);

describe('R19: a key with an escape is read as it is, whatever objects came before', () => {
  test.each([
    ['an escaped quote', 'before-a', String.raw`\"x`, '\\"', '"x'],
    ['one that Go escapes', 'before-b', String.raw`\u003cx`, '\\u', '<x'],
    ['one letter', 'before-c', String.raw`imag\u0065`, 'imag\\', 'image'],
    ['a line break', 'before-d', String.raw`\nab`, '\\na', '\nab'],
  ])('%s', (_what, before, written, seen, key) => {
    isShown(before, seen);
    expect(keysOf(`{"${before}":{},"${written}":{}}`)).toEqual([before, key]);
    expect(keysOf(`{"${before}":{},"${written}":{},${JSON.stringify(seen)}:{}}`)).toEqual([
      before,
      key,
      seen,
    ]);
  });

  test('within lists and objects too', () => {
    isShown('before-e', '\\u');
    const text = String.raw`[[{"a":{"before-e":{},"\u003cx":{}}}]]`;
    expect(parseJson(text)).toEqual([[{ a: { 'before-e': {}, '<x': {} } }]]);
  });

  test('keys that hold a backslash keep it', () => {
    expect(parseJson(String.raw`{"a\\b":1,"__proto__":{"\\":2},"c":3}`)).toEqual(
      Object.fromEntries([
        ['a\\b', 1],
        ['__proto__', { '\\': 2 }],
        ['c', 3],
      ]),
    );
  });
});

test('other values are read as ever: the last of equal keys counts', () => {
  expect(parseJson('{"a":1,"b":"\\\\","a":2}')).toEqual({ a: 2, b: '\\' });
  expect(parseJson('{"a\\\\":1,"a\\\\":2}')).toEqual({ 'a\\': 2 });
  for (const key of ['a', 'a\\\\'])
    expect(Object.values(parseJson(`{"${key}":-1e400}`) ?? {})).toEqual([-Infinity]);
  for (const text of ['', '{', '{"a":01}', '{"a\\x":1}', '[1,]']) expect(parseJson(text)).toBeUndefined();
});

test('generated values are read alike by the parser that does not depend on the engine', () => {
  const spell = (text: string): string => text.replaceAll('a', String.raw`\u0061`);
  const key = fc.stringMatching(/^[a"\\<\n]{1,3}$/);
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.constant(1), fc.dictionary(key, tie('value'), { maxKeys: 4 })),
  })).value;
  fc.assert(
    fc.property(value, fc.boolean(), (object, isSpelt) => {
      const text = isSpelt ? spell(JSON.stringify(object)) : JSON.stringify(object);
      expect({ ok: true, value: parseJson(text) }).toEqual(readJsonValue(text, { depth: 64 }));
    }),
    { numRuns: 2_000 },
  );
});
