import { expect, test } from 'vitest';
import { compileSelector, matchNamespace, matchesLabels, readsLabels } from './label-selector.ts';

const selector = (matchExpressions: readonly object[], matchLabels: Record<string, string> = {}) =>
  compileSelector({ matchLabels, matchExpressions } as never);
const expression = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });

test.each([
  ['an empty selector matches everything', selector([]), {}, true],
  ['a label must have the value', selector([], { env: 'prod' }), { env: 'prod' }, true],
  ['another value does not match', selector([], { env: 'prod' }), { env: 'dev' }, false],
  ['In needs the key', selector([expression('env', 'In', 'prod')]), {}, false],
  ['NotIn is satisfied by a missing key', selector([expression('env', 'NotIn', 'dev')]), {}, true],
  ['NotIn refuses its values', selector([expression('env', 'NotIn', 'dev')]), { env: 'dev' }, false],
  ['Exists needs the key', selector([expression('env', 'Exists')]), { env: '' }, true],
  ['DoesNotExist refuses the key', selector([expression('env', 'DoesNotExist')]), { env: '' }, false],
  ['all requirements must hold', selector([expression('a', 'Exists')], { b: '1' }), { a: '' }, false],
  ['an inherited property is no label', selector([expression('constructor', 'Exists')]), {}, false],
])('%s', (_title, compiled, labels, want) => {
  expect(matchesLabels(compiled, labels)).toBe(want);
});

test.each([
  ['R3: unknown labels leave the answer unknown (B12)', selector([], { env: 'prod' }), undefined, 'unknown'],
  [
    'R3: a requirement on the name label is always known',
    selector([], { 'kubernetes.io/metadata.name': 'shop' }),
    undefined,
    'yes',
  ],
  [
    'R3: the name label can say no though the others are unknown',
    selector([expression('kubernetes.io/metadata.name', 'In', 'other')], { env: 'prod' }),
    undefined,
    'no',
  ],
  [
    'the name label cannot be forged by labels',
    selector([], { 'kubernetes.io/metadata.name': 'shop' }),
    { 'kubernetes.io/metadata.name': 'other' },
    'yes',
  ],
  ['known labels decide', selector([], { env: 'prod' }), { env: 'dev' }, 'no'],
])('%s', (_title, compiled, labels, want) => {
  expect(matchNamespace(compiled, 'shop', labels)).toBe(want);
});

test('a selector on the name alone needs no labels', () => {
  expect(readsLabels(selector([expression('kubernetes.io/metadata.name', 'NotIn', 'x')]))).toBe(false);
  expect(readsLabels(selector([expression('env', 'Exists')]))).toBe(true);
  expect(readsLabels(undefined)).toBe(false);
});
