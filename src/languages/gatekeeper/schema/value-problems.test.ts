import { expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { valueProblems } from './value-problems.ts';

const said = (schema: JsonObject, value: JsonValue): readonly string[] =>
  valueProblems(schema, value).map(({ path, message }) => `${path.join('.')}: ${message}`);
const labels: JsonObject = {
  type: 'object',
  required: ['key'],
  properties: { key: { type: 'string', minLength: 1 }, size: { type: 'integer' } },
};

test.each<readonly [string, JsonObject, JsonValue, readonly string[]]>([
  ['a text', { type: 'string' }, 'a', []],
  ['a number for a text', { type: 'string' }, 1, [': expected text, found a number']],
  ['a text for a number', { type: 'number' }, '1', [': expected a number, found the text "1"']],
  ['a fraction for a whole number', { type: 'integer' }, 1.5, [': expected a whole number, found a number']],
  ['1.0 is a whole number', { type: 'integer' }, 1.0, []],
  ['a list for an object', { type: 'object' }, [], [': expected an object, found a list']],
  ['nothing', { type: 'string' }, null, [': expected text, found nothing']],
  ['nothing, where it is allowed', { type: 'string', nullable: true }, null, []],
  ['no type takes anything', {}, [1, 'a', null], []],
  ['a number or text', { 'x-kubernetes-int-or-string': true }, '80%', []],
  [
    'neither',
    { 'x-kubernetes-int-or-string': true },
    true,
    [': expected a whole number or text, found true or false'],
  ],
  ['one of several', { type: 'string', enum: ['a', 'b'] }, 'b', []],
  ['none of them', { type: 'string', enum: ['a', 'b'] }, 'c', [': expected one of "a", "b"']],
  [
    'nothing, which no list holds',
    { nullable: true, enum: ['a', null] },
    null,
    [': expected one of "a", null'],
  ],
  ['an object among several', { enum: [{ a: [1] }] }, { a: [1] }, []],
  ['a missing field', labels, {}, ['key: missing field "key"']],
  [
    'fields below',
    { type: 'array', items: labels },
    [{ key: '' }, { key: 'a', size: 'b' }],
    ['0.key: must have at least 1 characters', '1.size: expected a whole number, found the text "b"'],
  ],
  [
    'values of a map',
    { type: 'object', additionalProperties: { type: 'string' } },
    { a: 1 },
    ['a: expected text, found a number'],
  ],
  ['a pattern, anywhere in the text', { type: 'string', pattern: 'b+' }, 'abc', []],
  [
    'a pattern that does not match',
    { type: 'string', pattern: '^b' },
    'abc',
    [': "abc" does not match the pattern "^b"'],
  ],
  [
    'a pattern that is none lets nothing through',
    { type: 'string', pattern: '(' },
    'abc',
    [': "abc" does not match the pattern "("'],
  ],
  ['a format', { type: 'string', format: 'ipv4' }, '10.0.0.1', []],
  [
    'another format',
    { type: 'string', format: 'ipv4' },
    '10.0.0',
    [': "10.0.0" is not of the format "ipv4"'],
  ],
  ['a format that nobody knows', { type: 'string', format: 'semver' }, 'x', []],
  ['a format where no type is named', { format: 'ipv4' }, 'x', [': "x" is not of the format "ipv4"']],
  ['a format of texts, at a number', { format: 'ipv4' }, 1, []],
  ['one of two formats', { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }, '::1', []],
  ['not a format', { type: 'string', not: { format: 'ipv4' } }, 'x', []],
  ['a number of 32 bits', { type: 'integer', format: 'int32' }, 2 ** 31, [': must be of the range of int32']],
  ['a number of 64 bits', { type: 'integer' }, 1e20, [': must be of the range of int64']],
  ['characters count, not units', { type: 'string', maxLength: 1 }, '😀', []],
  ['the least number', { type: 'number', minimum: 1 }, 1, []],
  ['less', { type: 'number', minimum: 1 }, 0, [': must be at least 1']],
  ['the most, excluded', { maximum: 1, exclusiveMaximum: true }, 1, [': must be at most 1']],
  ['no multiple', { multipleOf: 3 }, 4, [': must be a multiple of 3']],
  ['a multiple that 64 bits do not say exactly', { multipleOf: 0.1 }, 0.3, []],
  ['a whole number is no multiple of less than one', { multipleOf: 0.1 }, 1, [': must be a multiple of 0.1']],
  ['a whole number, of which the step has a fraction', { multipleOf: 1.5 }, 4, []],
  ['a list for a text of a format', { type: 'string', format: 'ipv4' }, ['x'], []],
  [
    'a list for a text of no known format',
    { type: 'string', format: 'x' },
    [],
    [': expected text, found a list'],
  ],
  ['no multiple of a fraction', { multipleOf: 0.1 }, 0.35, [': must be a multiple of 0.1']],
  ['too many items', { maxItems: 1 }, [1, 2], [': must have at most 1 items']],
  ['too few fields', { minProperties: 1 }, {}, [': must have at least 1 fields']],
  ['any of', { anyOf: [{ required: ['a'] }, { required: ['b'] }] }, { b: 1 }, []],
  ['none of any', { anyOf: [{ required: ['a'] }] }, {}, [': fits none of the forms of `anyOf`']],
  [
    'two of one',
    { oneOf: [{ required: ['a'] }, {}] },
    { a: 1 },
    [': does not fit exactly one of the forms of `oneOf`'],
  ],
  ['all of', { allOf: [{ required: ['a'] }] }, {}, ['a: missing field "a"']],
  ['not', { not: { required: ['a'] } }, { a: 1 }, [': has the form that `not` forbids']],
])('%s', (_title, schema, value, wanted) => {
  expect(said(schema, value)).toEqual(wanted);
});

test('whatever a schema is, a value is judged by it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (value, one, other) => {
      const schema = { type: one, properties: other, items: one, required: other, enum: one } as JsonObject;
      expect(Array.isArray(valueProblems(schema, value as JsonValue))).toBe(true);
    }),
  );
});
