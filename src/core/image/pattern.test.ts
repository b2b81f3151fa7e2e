import { describe, expect, test } from 'vitest';
import { compilePattern, matchesPattern, type ImagePattern, type PatternUse } from './pattern.ts';
import { parseReference } from './reference.ts';

const compiled = (text: string, use: PatternUse): ImagePattern => {
  const result = compilePattern(text, use);
  if (!result.ok) throw new Error(result.error.why);
  return result.value;
};

/** An image that the parser refuses matches nothing, so for an allow list it counts as outside. */
const matches = (use: PatternUse, pattern: string, image: string): boolean => {
  const reference = parseReference(image);
  return reference.ok && matchesPattern(compiled(pattern, use), reference.value);
};

const digest = `sha256:${'a'.repeat(64)}`;

describe.each(['allow', 'platform'] as const)('in %s', (use) => {
  test.each([
    ['an image below the host', 'allowed.io/**', 'allowed.io/team/app:1', true],
    ['whatever tag and digest', 'allowed.io/team/*', `allowed.io/team/app:1@${digest}`, true],
    ['R6: a host in another case', 'Allowed.IO/**', 'ALLOWED.io/x', true],
    ['R6: the same port', 'allowed.io:5000/**', 'allowed.io:5000/x', true],
    ['an IPv6 host', '[::1]:5000/**', '[::1]:5000/x', true],
    ['R6b: localhost as a host', 'localhost/**', 'localhost/x', true],
    ['B21: a short name', 'docker.io/library/*', 'nginx', true],
    ['B21: library written', 'docker.io/library/nginx', 'library/nginx:1', true],
    ['B21: index.docker.io in the image', 'docker.io/library/nginx', 'index.docker.io/nginx', true],
    ['B21: index.docker.io in the pattern', 'index.docker.io/library/nginx', 'nginx', true],
    ['everything with ** alone', '**', 'evil.io/x', true],
    ['a host that reads as one only in upper case', 'FOO/**', 'Foo/bar', true],
    ['B20: a longer host', 'allowed.io/**', 'allowed.io.evil.com/x', false],
    ['B20: a host with a prefix', 'allowed.io/**', 'notallowed.io/x', false],
    ['B20: a subdomain', 'allowed.io/**', 'sub.allowed.io/x', false],
    ['B20: user information', 'allowed.io/**', 'allowed.io:443@evil.com/x', false],
    ['B20: the host as a path elsewhere', 'allowed.io/**', 'evil.com/allowed.io/x', false],
    ['B20: a team with a suffix', 'allowed.io/mycompany/**', 'allowed.io/mycompanyevil/x', false],
    ['B20: a Docker Hub namespace with a suffix', 'docker.io/mycompany/*', 'mycompanyevil/x', false],
    ['B20: a namespace that looks like the host', 'allowed.io/x', 'allowed/io/x', false],
    ['B20: a repository with a suffix', 'allowed.io/team/app', 'allowed.io/team/app-evil', false],
    ['R6: another port', 'allowed.io/**', 'allowed.io:443/x', false],
    ['R6: no port', 'allowed.io:5000/**', 'allowed.io/x', false],
    ['R6: another spelling of the port', 'allowed.io:443/**', 'allowed.io:0443/x', false],
    ['R6: another name of Docker Hub', 'docker.io/library/*', 'registry-1.docker.io/library/nginx', false],
    ['R6: host/team itself under host/team/**', 'allowed.io/team/**', 'allowed.io/team', false],
    ['B21: what has no library/ for a runtime either', 'docker.io/library/*', 'DOCKER.IO/nginx', false],
    ['B21: Docker Hub in upper case', 'docker.io/library/*', 'DOCKER.IO/library/nginx', true],
    ['a bare host as a namespace', 'FOO/**', 'foo/bar', false],
    ['a Docker Hub namespace of the same name', 'docker.io/foo/**', 'Foo/bar', false],
  ])('%s: %s and %s match: %s', (_title, pattern, image, want) => {
    expect(matches(use, pattern, image)).toBe(want);
  });
});

describe.each(['deny', 'match'] as const)('in %s', (use) => {
  test.each([
    ['R6: every port of a host', 'bad.io/**', 'bad.io:443/x', true],
    ['R6: the host without a port', 'bad.io/**', 'bad.io/x', true],
    ['R6: the port that is written', 'bad.io:443/**', 'bad.io:443/x', true],
    ['R6: the same port with zeros', 'bad.io:443/**', 'bad.io:0443/x', true],
    ['R6: the same port with many zeros', 'bad.io:443/**', `bad.io:${'0'.repeat(300)}443/x`, true],
    ['R6: zeros at the end of the port', 'bad.io:443/**', 'bad.io:4430/x', false],
    ['R6: nothing but zeros', 'bad.io:0/**', 'bad.io:000/x', true],
    ['R6: every port of an IPv6 host', '[::1]/**', '[::1]:5000/x', true],
    ['R6: registry-1.docker.io', 'docker.io/**', 'registry-1.docker.io/library/nginx', true],
    ['R6: registry.hub.docker.com', 'docker.io/**', 'registry.hub.docker.com/library/nginx', true],
    ['R6: registry.ipv6.docker.com', 'docker.io/**', 'registry.ipv6.docker.com/library/nginx', true],
    ['R6: registry.docker.io', 'docker.io/**', 'registry.docker.io/library/nginx', true],
    ['R6: index.docker.io with a port', 'docker.io/**', 'index.docker.io:443/library/nginx', true],
    [
      'R6: an official image under another name of Docker Hub',
      'docker.io/library/*',
      'registry-1.docker.io/nginx',
      true,
    ],
    ['B21: Docker Hub in upper case, without library/', 'docker.io/library/*', 'DOCKER.IO/nginx', true],
    ['R6: docker.io with a port and no library/', 'docker.io/library/nginx', 'docker.io:443/nginx', true],
    [
      'R6: index.docker.io in the pattern',
      'index.docker.io/library/*',
      'registry-1.docker.io/library/x',
      true,
    ],
    ['B20: another host that ends alike', 'bad.io/**', 'notbad.io/x', false],
    ['B20: a host that only ends in docker.io', 'docker.io/**', 'notdocker.io/x', false],
    ['B20: a host below a listed name', 'docker.io/**', 'registry.hub.docker.com.evil.io/x', false],
    ['another port than the one written', 'bad.io:443/**', 'bad.io:5000/x', false],
    ['no port where one is written', 'bad.io:443/**', 'bad.io/x', false],
    ['one name of Docker Hub for another', 'registry-1.docker.io/**', 'nginx', false],
    ['library/ on a host that is not Docker Hub', 'quay.io/library/nginx', 'quay.io/nginx', false],
  ])('%s: %s and %s match: %s', (_title, pattern, image, want) => {
    expect(matches(use, pattern, image)).toBe(want);
  });
});

describe('compilePattern', () => {
  test.each([
    [
      'R6: a wildcard in the host',
      '*.example.com/team/*',
      'wildcard in the registry host',
      'registry.example.com/team/*',
    ],
    ['R6: a wildcard behind the host', 'example.*/x', 'wildcard in the registry host', undefined],
    ['R6: a wildcard for the port', 'a.io:*/x', 'wildcard in the registry host', 'a.io/x'],
    [
      'R6: a wildcard instead of the host',
      '*/nginx',
      'wildcard in the registry host',
      'registry.example.com/nginx',
    ],
    ['R6: ** instead of the host', '**/nginx', 'wildcard in the registry host', 'registry.example.com/nginx'],
    [
      'R6: an account in many regions',
      '123456789012.dkr.ecr.*.amazonaws.com/**',
      'write each host out, and a list that is needed in several places once: `allow: &ours [...]`, then `*ours`',
      undefined,
    ],
    ['R6: a host and a star', 'registry.example.com*', 'no path', 'registry.example.com/**'],
    ['R6: a host and two stars', 'registry.acme.io**', 'no path', 'registry.acme.io/**'],
    ['R6: a host, any port and no path', 'registry.acme.io:*', 'no path', 'registry.acme.io/**'],
    [
      'R6: a host, a star and a path',
      'registry.acme.io*/x',
      'wildcard in the registry host',
      'registry.acme.io/x',
    ],
    ['R6: a name and a star', 'nginx*', 'no registry host', 'docker.io/library/nginx*'],
    ['R6: no host, one component', 'nginx', 'no registry host', 'docker.io/library/nginx'],
    ['R6: no host, two components', 'team/*', 'no registry host', 'docker.io/team/*'],
    ['R6: * alone', '*', 'no registry host', 'docker.io/library/*'],
    ['R6: no path', 'registry.example.com', 'no path', 'registry.example.com/**'],
    ['R6: no path behind a port', 'registry.example.com:5000', 'no path', 'registry.example.com:5000/**'],
    ['R6: no path behind a slash', 'registry.example.com/', 'no path', 'registry.example.com/**'],
    ['R6: Docker Hub without a path', 'docker.io', 'no path', 'docker.io/library/**'],
    ['R6: a tag', 'a.io/x:1', 'must not hold a tag', 'a.io/x'],
    ['R6: a digest', `a.io/x@${digest}`, 'must not hold a digest', 'a.io/x'],
    ['R6: docker.io without library/', 'docker.io/nginx', 'under library/', 'docker.io/library/nginx'],
    ['R6: docker.io/*', 'docker.io/*', 'under library/', 'docker.io/library/*'],
    [
      'R6: index.docker.io without library/',
      'index.docker.io/nginx',
      'under library/',
      'docker.io/library/nginx',
    ],
    ['upper case in the path', 'a.io/Team/x', 'lower case', 'a.io/team/x'],
    ['an empty component', 'a.io//x', 'empty component', 'a.io/x'],
    ['** inside a component', 'a.io/team**', 'must stand alone', 'a.io/team*'],
    ['***', 'a.io/***', 'must stand alone', 'a.io/*'],
    ['a scheme', 'https://a.io/**', 'no scheme', 'a.io/**'],
    ['white space', ' a.io/** ', 'white space', 'a.io/**'],
    ['a NUL', 'a.io/\u0000**', 'control characters', 'a.io/**'],
    ['several problems at once', ' https://Nginx:1.25', 'white space', 'docker.io/library/nginx'],
    ['R6b: an underscore in the host', 'a_b.com/x', 'host is not valid', undefined],
    ['user information', 'a.io:443@evil.com/x', 'must not hold a digest', 'a.io:443/**'],
    ['another glob language', 'a.io/{x,y}', 'wildcards * and ** only', undefined],
    ['a question mark', 'a.io/x?', 'wildcards * and ** only', undefined],
    ['a look-alike', 'd\u043ecker.io/library/x', 'ASCII', undefined],
    ['a path of 256 characters', `a.io/${'x'.repeat(256)}`, 'at most 255', undefined],
    ['5,000 characters', 'x.'.repeat(2500), 'at most 255', undefined],
    ['nothing', '', 'empty', undefined],
  ])('refuses %s', (_title, text, why, suggestion) => {
    const result = compilePattern(text, 'allow');
    const error = result.ok ? undefined : result.error;
    expect(error?.text).toBe(text);
    expect(error?.why).toContain(why);
    expect(error?.suggestion).toBe(suggestion);
  });

  test.each(['**', 'docker.io/**', 'a.io/*/x-*', 'a.io/**/x', '[::1]:5000/x', 'localhost/x', 'host:5000/x'])(
    'accepts %s in every place',
    (text) => {
      for (const use of ['allow', 'platform', 'deny', 'match'] as const) {
        expect(compilePattern(text, use).ok).toBe(true);
      }
    },
  );
});
