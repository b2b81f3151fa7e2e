import { expect, test } from 'vitest';
import { isDnsLabel, isDnsSubdomain } from './dns-name.ts';

test.each([
  ['shop', true, true],
  ['a', true, true],
  ['shop-2', true, true],
  ['0', true, true],
  ['shop.secrets', false, true],
  ['a'.repeat(63), true, true],
  ['a'.repeat(64), false, true],
  ['a'.repeat(253), false, true],
  ['a'.repeat(254), false, false],
  ['', false, false],
  ['-shop', false, false],
  ['shop-', false, false],
  ['Shop', false, false],
  ['a..b', false, false],
  ['.', false, false],
  ['..', false, false],
  ['shop/regcred', false, false],
  ['shop\n', false, false],
])('B29: %j names a namespace: %s, an object: %s', (text, namespace, object) => {
  expect([isDnsLabel(text), isDnsSubdomain(text)]).toEqual([namespace, object]);
});
