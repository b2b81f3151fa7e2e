import { expect, test } from 'vitest';
import { compilePath, matchesPath } from './path-glob.ts';
import { threadTime } from '../../../test/fakes/cpu-time.ts';

test.each([
  ['a path matches itself', 'team/app', 'team/app', true],
  ['a path does not match what is below it', 'team/app', 'team/app/x', false],
  ['* matches one component', 'team/*', 'team/app', true],
  ['* does not match two', 'team/*', 'team/a/b', false],
  ['* in front does not cross a slash', '*/app', 'a/b/app', false],
  ['* matches an empty run', 'app*', 'app', true],
  ['several * in one component', 'a*b*c', 'a-x-b-y-c', true],
  ['several * in the wrong order', 'a*c*b*d', 'a-b-c-d', false],
  ['prefix and suffix do not overlap', 'aba*aba', 'aba', false],
  ['prefix and suffix do not overlap by one', 'ab*ba', 'aba', false],
  ['middle and suffix do not overlap', 'x*ab*b', 'xab', false],
  ['middle and suffix side by side', 'x*ab*b', 'xabb', true],
  ['R6: ** is one component', 'team/**', 'team/app', true],
  ['R6: ** is several components', 'team/**', 'team/a/b/c', true],
  ['R6: ** is never none', 'team/**', 'team', false],
  ['R6: ** does not match a longer name', 'team/**', 'teams/app', false],
  ['R6: ** in the middle', 'a/**/b', 'a/x/b', true],
  ['R6: ** in the middle, longer', 'a/**/b', 'a/x/b/y/b', true],
  ['R6: ** in the middle is never none', 'a/**/b', 'a/b', false],
  ['R6: ** alone below a host', '**', 'a', true],
  ['** in front', '**/app', 'a/b/app', true],
  ['** in front is never none', '**/app', 'app', false],
  ['** twice in a row needs two', '**/**', 'a', false],
  ['** twice in a row', '**/**', 'a/b', true],
  ['** around a component', '**/app/**', 'a/app/b', true],
  ['** around a component at the edge', '**/app/**', 'app/b', false],
  ['** finds a later place', '**/a/b/**', 'x/a/a/b/c', true],
  ['** and * together', 'a*/**/*b', 'ax/y/z/zb', true],
  ['** and * together at the border', 'a*/**/*b', 'ax/zb', false],
])('%s', (_title, pattern, path, want) => {
  expect(matchesPath(compilePath(pattern), path)).toBe(want);
});

test('hostile globs do not backtrack', () => {
  const pairs = [
    [`${'*a'.repeat(120)}b`, 'a'.repeat(255)],
    [`${'**/a/'.repeat(40)}b`, `${'a/'.repeat(127)}a`],
    [`${'**/*a*a*a/'.repeat(20)}b`, `${'aaa/'.repeat(63)}aaa`],
  ] as const;
  const used = threadTime(() => {
    for (const [pattern, path] of pairs) expect(matchesPath(compilePath(pattern), path)).toBe(false);
  });
  expect(used).toBeLessThan(100);
});
