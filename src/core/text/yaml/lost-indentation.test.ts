import { expect, test } from 'vitest';
import { findLostIndentation } from './lost-indentation.ts';

const printed = 'apiVersion: v1 \nkind: Pod \nmetadata: \nname: web \nspec: \ncontainers: \n- image: a\n';

test('an object whose lines all begin in the first column', () => {
  expect(findLostIndentation(printed)).toEqual({
    line: 4,
    column: 1,
    key: 'name',
    parent: 'metadata',
    parentLine: 3,
  });
});

test.each([
  ['an object as it should be', 'kind: Pod\nmetadata:\n  name: web\n'],
  ['an object with tabs, which is another mistake', 'kind: Pod\nmetadata:\n\tname: web\n'],
  ['metadata in braces', 'kind: Pod\nmetadata: { name: web }\nspec:\n'],
  ['a text that ends early', 'kind: Pod\nmetadata:\n'],
  ['JSON', '{"kind":"Pod","metadata":{"name":"web"}}'],
  ['nothing', ''],
])('%s is none', (_title, text) => {
  expect(findLostIndentation(text)).toBeUndefined();
});
