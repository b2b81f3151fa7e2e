import { expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { withDefaults } from './defaults.ts';

const schema: JsonObject = {
  type: 'object',
  properties: {
    level: { type: 'string', default: 'high' },
    inner: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
    given: { type: 'object', default: {}, properties: { on: { type: 'boolean', default: true } } },
    rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', default: 3 } } } },
    maybe: { type: 'string', nullable: true, default: 'x' },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { default: 1 } } } },
  },
};

test.each<readonly [string, JsonValue | undefined, JsonValue | undefined]>([
  ['nothing stays nothing without a default of its own', undefined, undefined],
  [
    'missing fields are added, and the default of an object is filled',
    {},
    { level: 'high', given: { on: true }, maybe: 'x' },
  ],
  [
    'what is given stays',
    { level: 'low', given: { on: false }, maybe: 'y' },
    { level: 'low', given: { on: false }, maybe: 'y' },
  ],
  [
    '`null` counts as missing',
    { level: null, given: { on: true }, maybe: 'y' },
    { level: 'high', given: { on: true }, maybe: 'y' },
  ],
  [
    '`null` stays where it is allowed',
    { level: 'a', given: { on: true }, maybe: null },
    { level: 'a', given: { on: true }, maybe: null },
  ],
  [
    'objects that are there are filled',
    { inner: {} },
    { level: 'high', given: { on: true }, maybe: 'x', inner: { on: true } },
  ],
  [
    'items are filled',
    { rows: [{}, { n: 1 }] },
    { level: 'high', given: { on: true }, maybe: 'x', rows: [{ n: 3 }, { n: 1 }] },
  ],
  [
    'values of a map are filled',
    { map: { k: {} } },
    { level: 'high', given: { on: true }, maybe: 'x', map: { k: { a: 1 } } },
  ],
])('%s', (_title, given, wanted) => {
  expect(withDefaults(schema, given)).toEqual(wanted);
});

test('defaults added twice are the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = withDefaults(schema, value);
      expect(withDefaults(schema, once)).toEqual(once);
    }),
  );
});

test('without defaults a value stays as it is, keys like `__proto__` too', () => {
  const value = JSON.parse('{"__proto__": {"a": 1}, "constructor": [null]}') as JsonValue;
  expect(JSON.stringify(withDefaults({ type: 'object' }, value))).toBe(JSON.stringify(value));
});
