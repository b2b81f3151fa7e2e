import { describe, expect, test } from 'vitest';
import { compileIdentityGlob, matchesIdentity } from './identity-glob.ts';
import { compileRegex } from './linear-regex.ts';

const matches = (glob: string, identity: string): boolean => {
  const compiled = compileIdentityGlob(glob);
  if (!compiled.ok) throw new Error(compiled.error);
  return matchesIdentity(compiled.value, identity);
};
const gh = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2';
const gitlab = 'https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main';

describe('B7, G3: a subject is matched whole', () => {
  test.each([
    ['an exact text', gh, gh],
    ['a star within a component', 'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*', gh],
    ['two stars across components', 'https://github.com/acme/**@refs/tags/*', gh],
    ['stars at the end of a name', 'https://github.com/acme/app/.github/workflows/rel*.yml@refs/tags/v*', gh],
    ['an e-mail', 'release@acme.example', 'release@acme.example'],
    ['an e-mail of a domain', '*@acme.example', 'release@acme.example'],
    ['a name of a user', 'release!acme.example', 'release!acme.example'],
    [
      'the empty component of GitLab, written out',
      'https://gitlab.com/acme/*//.gitlab-ci.yml@refs/heads/main',
      gitlab,
    ],
    [
      'the empty component of GitLab is one',
      'https://gitlab.com/acme/app/*/.gitlab-ci.yml@refs/heads/main',
      gitlab,
    ],
    ['and so to two stars', 'https://gitlab.com/acme/**/.gitlab-ci.yml@refs/heads/*', gitlab],
  ])('%s', (_title, glob, identity) => expect(matches(glob, identity)).toBe(true));

  test.each([
    ['a text that goes on', 'https://github.com/acme/app', gh],
    ['a text that begins before it', gh.slice(8), gh],
    ['a star does not cross a slash', 'https://github.com/*/.github/workflows/release.yml@refs/tags/*', gh],
    ['a star does not cross an at sign', 'https://github.com/acme/app/.github/workflows/*', gh],
    ['two stars do not cross an at sign', 'https://github.com/acme/**', gh],
    ['two stars are at least one component', 'https://github.com/acme/**/app/**@refs/tags/*', gh],
    ['a ref with a slash', 'https://github.com/acme/**@refs/tags/*', `${gh}/x`],
    [
      'another owner that begins alike',
      'https://github.com/acme/**@refs/tags/*',
      gh.replace('acme', 'acme-evil'),
    ],
    [
      'an owner in the name of a repository',
      'https://github.com/acme/*@x',
      'https://github.com/evil/acme/x@x',
    ],
    ['an e-mail with the domain in front', '*@acme.example', 'x@acme.example@evil.io'],
    ['a domain that goes on', '*@acme.example', 'x@acme.example.evil.io'],
    ['another case', 'Release@acme.example', 'release@acme.example'],
    ['a text of 1,025 characters', '**', 'a'.repeat(1025)],
    ['nothing', '*@*', ''],
  ])('%s does not match', (_title, glob, identity) => expect(matches(glob, identity)).toBe(false));

  test.each(['acme**', 'https://github.com/acme**@x', '**acme', 'a/***/b'])(
    '%s is refused: two stars beside letters would cross more than they seem to',
    (glob) => expect(compileIdentityGlob(glob).ok).toBe(false),
  );

  test('R24: many stars against a long text take no longer than one pass', () => {
    const glob = 'a*'.repeat(200);
    expect(matches(`${glob}b`, 'a'.repeat(1000))).toBe(false);
  });
});

describe('a regular expression is matched whole', () => {
  const regex = (pattern: string, text: string): boolean => {
    const compiled = compileRegex(pattern);
    if (!compiled.ok) throw new Error(compiled.error);
    return compiled.value(text);
  };
  test.each([
    ['the whole text', '.*@acme\\.example', 'x@acme.example', true],
    ['a text that goes on', '.*@acme\\.example', 'x@acme.example.evil.io', false],
    ['either side of an alternative', 'a|ab', 'ab', true],
    ['both ends, also with an alternative', 'a|b', 'xb', false],
    ['lines are not ends', '(?m)^a$', 'a\nevil', false],
    ['a dot is no line break', '.*', 'a\nb', false],
    ['a text of 1,025 characters', 'a*', 'a'.repeat(1025), false],
  ])('%s', (_title, pattern, text, want) => expect(regex(pattern, text)).toBe(want));

  test.each(['a)b', '(a', '(a{1000}){1000}', '(?=a)', '\\1'])('%s is refused', (pattern) => {
    expect(compileRegex(pattern)).toMatchObject({
      ok: false,
      error: expect.stringContaining('is no regular expression of RE2'),
    });
  });

  test('R24: what would hang another engine is answered at once', () => {
    expect(regex('(a+)+b', 'a'.repeat(1000))).toBe(false);
  });
});
