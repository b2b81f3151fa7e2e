import { describe, expect, test } from 'vitest';
import { callBudget, createCallTargets, parseGoDuration } from './call-target.ts';

test.each([
  ['10s', 10_000],
  ['1m', 60_000],
  ['500ms', 500],
  ['1.5s', 1_500],
  ['1m30s', 90_000],
  ['.5s', 500],
  ['+2s', 2_000],
  ['1h', 3_600_000],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['0s', undefined],
  ['-1s', undefined],
  ['10', undefined],
  ['', undefined],
  ['s', undefined],
  ['1s ', undefined],
  ['1e3s', undefined],
  [`${'9'.repeat(40)}s`, undefined],
])('reads Go’s %j as %s ms', (text, want) => expect(parseGoDuration(text)).toBe(want));

test.each([
  ['the default without a timeout', undefined, 9_500],
  ['the default for a bad timeout', 'soon', 9_500],
  ['10 % margin for a short timeout', '1s', 900],
  ['at most 500 ms margin', '30s', 29_500],
  ['never more than 30 s', '10m', 29_500],
])('grants %s', (_title, timeout, want) => expect(callBudget(timeout)).toBe(want));

describe('request targets', () => {
  const targetOf = createCallTargets();
  test.each([
    ['/validate?timeout=5s', { path: '/validate', budget: 4_500 }],
    ['/validate', { path: '/validate', budget: 9_500 }],
    ['/validate?timeout=5s', { path: '/validate', budget: 4_500 }],
    ['/validate?x=1&timeout=2s', { path: '/validate', budget: 1_800 }],
    ['/validate?timeout=%35s', { path: '/validate', budget: 4_500 }],
    ['/validate/', { path: '/validate/', budget: 9_500 }],
    ['', { path: '', budget: 9_500 }],
    ['*', { path: '*', budget: 9_500 }],
  ])('%s', (url, want) => expect(targetOf(url)).toEqual(want));
});
