import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { withoutNulls } from './nulls.ts';

const schema: JsonObject = {
  type: 'object',
  properties: {
    a: { type: 'string' },
    kept: { type: 'string', nullable: true },
    filled: { type: 'string', default: 'x' },
    rows: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    defaults: { type: 'object', additionalProperties: { type: 'string', default: 'x' } },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

test.each<readonly [string, JsonValue, JsonValue]>([
  ['a field goes', { a: null }, {}],
  ['one that may be null stays', { kept: null }, { kept: null }],
  ['one with a default is missing then', { filled: null }, {}],
  ['a value of a map with a default stays for it', { defaults: { a: null } }, { defaults: { a: null } }],
  ['in items', { rows: [{ a: null }, null] }, { rows: [{}, null] }],
  ['in values of a map', { map: { a: null, b: 'c' } }, { map: { b: 'c' } }],
  ['what is not described stays', { open: { a: null } }, { open: { a: null } }],
  ['what is no object stays', null, null],
])('%s', (_title, value, wanted) => {
  expect(withoutNulls(schema, value)).toEqual(wanted);
});

test('a value without null stays as it is, keys like `__proto__` too', () => {
  const value = fc.jsonValue().filter((one) => !JSON.stringify(one).includes('null'));
  fc.assert(
    fc.property(value, (one) => {
      expect(JSON.stringify(withoutNulls(schema, one as JsonValue))).toBe(JSON.stringify(one));
    }),
  );
});
