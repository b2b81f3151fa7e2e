import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { knownPart } from './known-fields.ts';

const schema: JsonObject = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { a: {} } } },
    open: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { inner: { type: 'object' } },
    },
    any: { type: 'object', additionalProperties: true },
    closed: { type: 'object', additionalProperties: false },
  },
};

test.each<readonly [string, JsonValue, JsonValue, readonly string[]]>([
  ['known fields stay', { name: 'a', rows: [{ n: 1 }] }, { name: 'a', rows: [{ n: 1 }] }, []],
  ['unknown ones go', { nmae: 'a', rows: [{ n: 1, m: 2 }] }, { rows: [{ n: 1 }] }, ['nmae', 'rows.0.m']],
  ['in values of a map as well', { map: { k: { a: 1, b: 2 } } }, { map: { k: { a: 1 } } }, ['map.k.b']],
  ['where they are kept, they stay', { open: { x: { y: 1 } } }, { open: { x: { y: 1 } } }, []],
  [
    'but not below what is described',
    { open: { inner: { z: 1 } } },
    { open: { inner: {} } },
    ['open.inner.z'],
  ],
  [
    'a map of anything, of which nothing below is known',
    { any: { x: { y: 1 }, z: [{ y: 1 }, 2], a: 1 } },
    { any: { x: {}, z: [{}, 2], a: 1 } },
    ['any.x.y', 'any.z.0.y'],
  ],
  ['a map of nothing', { closed: { x: 1 } }, { closed: {} }, ['closed.x']],
  ['what is no object', ['a', 1, null], ['a', 1, null], []],
])('%s', (_title, value, wanted, unknown) => {
  const part = knownPart(schema, value);
  expect(part.value).toEqual(wanted);
  expect(part.unknown.map((path) => path.join('.'))).toEqual(unknown);
});

test('`__proto__` is a field like any other', () => {
  const value = JSON.parse('{"open": {"__proto__": {"a": 1}}, "__proto__": 1}') as JsonValue;
  const part = knownPart(schema, value);
  expect(JSON.stringify(part.value)).toBe('{"open":{"__proto__":{"a":1}}}');
  expect(part.unknown).toEqual([['__proto__']]);
});
