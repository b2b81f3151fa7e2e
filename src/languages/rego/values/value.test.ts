import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { jsonText } from '../builtins/encoding/json-text.ts';
import { BigFloat } from './big-float.ts';
import { recordedValueOfJson, valueOfJson } from './json-value.ts';
import { floatNumber, numberOf, numberText } from './number.ts';
import { quotedText, valueText } from './value-text.ts';
import {
  compareText,
  compareValues,
  equalValues,
  mapKeyOf,
  RegoObject,
  RegoSet,
  type RegoValue,
} from './value.ts';

const values: fc.Arbitrary<RegoValue> = fc.letrec<{ value: RegoValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<RegoValue>(null, true, false),
    fc.integer({ min: -5, max: 5 }),
    fc.string({ maxLength: 3, unit: 'binary' }),
    fc.constantFrom('1.0', '1.50', '1e+06', '12345678901234567890').map(numberOf),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => RegoSet.of(items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => RegoObject.of(entries)),
  ),
})).value;

describe('the order of values', () => {
  test('null < boolean < number < string < array < object < set', () => {
    const sorted: readonly RegoValue[] = [
      null,
      false,
      true,
      -1,
      2,
      '',
      'a',
      [],
      [1],
      new RegoObject(),
      new RegoSet(),
    ];
    expect([...sorted].reverse().sort(compareValues)).toEqual(sorted);
  });

  test('it is total, and equal values have equal keys', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const order = Math.sign(compareValues(one, other));
        expect(Math.sign(compareValues(other, one)) + order).toBe(0);
        expect(equalValues(one, other)).toBe(order === 0);
        expect(mapKeyOf(one) === mapKeyOf(other)).toBe(order === 0);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a character beyond the first plane stands behind U+FFFD', '\u{1F600}', '\uFFFD', 1],
    ['a shorter text stands first', 'ab', 'abc', -1],
    ['capitals stand before small letters', 'Z', 'a', -1],
  ])('texts by code point: %s', (_title, one, other, want) => {
    expect(Math.sign(compareText(one, other))).toBe(want);
  });

  test('a text that begins like a key of the engine is still its own text', () => {
    const set = RegoSet.of(['\u0000[1]', [1], '\u0000s', '__proto__', 'constructor']);
    expect(set.size).toBe(5);
    expect(set.has([1])).toBe(true);
    expect(set.has('\u0000[1]')).toBe(true);
    expect(RegoObject.of([['__proto__', 1]]).get('__proto__')).toBe(1);
  });
});

describe('a document', () => {
  test('is what JSON says, whatever of it was read before', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string({ maxLength: 2 }), (document, key) => {
        const json = JSON.parse(JSON.stringify(document)) as JsonValue;
        const value = valueOfJson(json, 'int64');
        if (value instanceof RegoObject) value.get(key);
        expect(equalValues(value, valueOfJson(json, 'int64'))).toBe(true);
        expect(mapKeyOf(value)).toBe(mapKeyOf(valueOfJson(json, 'int64')));
        const again = valueOfJson(JSON.parse(jsonText(value)) as JsonValue, 'int64');
        expect(compareValues(again, value)).toBe(0);
      }),
    );
  });

  test('of keys that are no texts of Unicode and become one, the last counts', () => {
    const value = valueOfJson({ '\ud800': 1, a: { b: [{ c: 1e6 }] }, '\udc00': 2 }, 'float64');
    expect(valueText(value)).toBe('{"a": {"b": [{"c": 1e+06}]}, "\ufffd": 2}');
    expect((value as RegoObject).size).toBe(2);
  });

  test('keeps its own entries beside one that is added before anybody looked', () => {
    const value = valueOfJson({ a: 1 }, 'int64') as RegoObject;
    value.set('b', 2);
    expect(valueText(value)).toBe('{"a": 1, "b": 2}');
  });

  test('says under each key what it says once all of it was read, whatever was asked before (property)', () => {
    const key = fc.constantFrom(
      'a',
      'b',
      '__proto__',
      'toString',
      '',
      '\0',
      '\0sa',
      '\ud800',
      '\udc00',
      '\ufffd',
    );
    const pairs = fc.array(fc.tuple(key, fc.jsonValue({ maxDepth: 1 })), { maxLength: 8 });
    const question = fc.constantFrom('get', 'has', 'size', 'keys');
    fc.assert(
      fc.property(
        pairs,
        fc.array(fc.tuple(question, key)),
        fc.boolean(),
        (entries, questions, isRecorded) => {
          const json = JSON.parse(
            `{${entries.map((one) => one.map((of) => JSON.stringify(of)).join(':')).join()}}`,
          );
          const whole = RegoObject.of(
            Object.entries(json as JsonObject).map(
              ([name, item]) => [name.toWellFormed(), valueOfJson(item ?? null, 'float64')] as const,
            ),
          );
          const value = isRecorded
            ? recordedValueOfJson(json as JsonObject)
            : valueOfJson(json as JsonObject, 'float64');
          if (!(value instanceof RegoObject)) throw new Error('not an object');
          for (const [asked, name] of questions) {
            const text = name.toWellFormed();
            if (asked === 'get')
              expect(valueText(value.get(text) ?? 'none')).toBe(valueText(whole.get(text) ?? 'none'));
            else if (asked === 'has') expect(value.has(text)).toBe(whole.has(text));
            else if (asked === 'size') expect(value.size).toBe(whole.size);
            else expect(value.keys()).toEqual(whole.keys());
          }
          expect(valueText(value)).toBe(valueText(whole));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('has one value under a key, however often somebody looks', () => {
    const value = valueOfJson({ a: { b: 1 }, c: 2 }, 'int64') as RegoObject;
    const found = value.get('a');
    expect(value.size).toBe(2);
    expect(value.get('a')).toBe(found);
  });

  test('of a key without a value has neither', () => {
    const value = valueOfJson({ a: undefined, b: 1 }, 'int64') as RegoObject;
    expect([value.has('a'), value.get('a'), value.size, value.has('a')]).toEqual([
      false,
      undefined,
      1,
      false,
    ]);
  });

  test('that nests too deeply for the engine fails for everybody who looks there, and is never half there', () => {
    const depth = 50_000;
    const value = valueOfJson(
      { deep: JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as JsonValue, name: 'x' },
      'int64',
    ) as RegoObject;
    for (let times = 0; times < 2; times++) {
      expect(value.get('name')).toBe('x');
      expect(() => value.get('deep')).toThrow(RangeError);
      expect(() => value.size).toThrow(RangeError);
      expect(() => value.keys()).toThrow(RangeError);
    }
  });
});

describe('the text of numbers', () => {
  test.each([
    [999_999, '999999'],
    [-999_999, '-999999'],
    [-1_000_000, '-1e+06'],
    [-0, '0'],
    [1_000_000, '1e+06'],
    [1_000_650_000, '1.00065e+09'],
    [0.00001, '1e-05'],
    [1.5, '1.5'],
    [-0.25, '-0.25'],
  ])('a float64 of %d is %s', (value, text) => {
    expect(numberText(floatNumber(value))).toBe(text);
  });

  test.each([
    ['0.1', '0.2', '0.3'],
    ['1.50', '0', '1.5'],
    ['9007199254740993', '1', '9007199254740994'],
    ['1e20', '1', '100000000000000000000'],
    ['36893488147419103233', '1', '36893488147419103230'],
    ['1.0', '2.0', '3'],
  ])('%s + %s is %s', (one, other, sum) => {
    expect(BigFloat.parse(one).plus(BigFloat.parse(other)).text()).toBe(sum);
  });

  test('a third has as many digits as 64 bits say', () => {
    expect(BigFloat.parse('1').dividedBy(BigFloat.parse('3')).text()).toBe('0.33333333333333333334');
  });

  test('1.0 is 1, and prints as it is written', () => {
    expect(equalValues(numberOf('1.0'), 1)).toBe(true);
    expect(valueText(numberOf('1.0'))).toBe('1.0');
  });

  test('a double is read as itself', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(BigFloat.of(numberOf(String(value))).compare(BigFloat.parse(String(value)))).toBe(0);
      }),
    );
  });
});

test.each<readonly [string, RegoValue, string]>([
  ['an empty set', new RegoSet(), 'set()'],
  ['a set in order', RegoSet.of(['b', 'a']), '{"a", "b"}'],
  [
    'an object in the order of its keys',
    RegoObject.of([
      ['k', 1],
      ['a', null],
    ]),
    '{"a": null, "k": 1}',
  ],
  ['an array', [true, 'x', []], '[true, "x", []]'],
])('%s is written as Rego writes it', (_title, value, text) => {
  expect(valueText(value)).toBe(text);
});

test('a text in quotes is escaped as Go does it', () => {
  expect(quotedText('a"\n\u0001\u00a0\u00e9\u{1F600}')).toBe('"a\\"\\n\\x01\\u00a0\u00e9\u{1F600}"');
});
