/**
 * B21: the cases of the distribution project, transcribed as facts (input, then domain, path, tag, digest or refusal).
 * Source: github.com/distribution/reference, reference_test.go, normalize_test.go and regexp_test.go at version 0.6.
 * Their Parse cases are given here as ParseNormalizedNamed answers them, with the Docker Hub defaults applied.
 */
import { describe, expect, test } from 'vitest';
import { parseReference } from './reference.ts';

const f64 = 'f'.repeat(64);
const f128 = 'f'.repeat(128);
const id = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';
const long = 'this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255_'.repeat(4).slice(0, -1);

type Case = readonly [input: string, domain: string, path: string, tag?: string | undefined, digest?: string];

const referenceTest: readonly Case[] = [
  ['test_com', 'docker.io', 'library/test_com'],
  ['test.com:tag', 'docker.io', 'library/test.com', 'tag'],
  ['test.com:5000', 'docker.io', 'library/test.com', '5000'],
  ['test.com/repo:tag', 'test.com', 'repo', 'tag'],
  ['test:5000/repo', 'test:5000', 'repo'],
  ['test:5000/repo:tag', 'test:5000', 'repo', 'tag'],
  [`test:5000/repo@sha256:${f64}`, 'test:5000', 'repo', undefined, `sha256:${f64}`],
  [`test:5000/repo:tag@sha256:${f64}`, 'test:5000', 'repo', 'tag', `sha256:${f64}`],
  ['lowercase:Uppercase', 'docker.io', 'library/lowercase', 'Uppercase'],
  [
    `${'a/'.repeat(127)}a:tag-puts-this-over-max`,
    'docker.io',
    `${'a/'.repeat(127)}a`,
    'tag-puts-this-over-max',
  ],
  ['sub-dom1.foo.com/bar/baz/quux', 'sub-dom1.foo.com', 'bar/baz/quux'],
  ['sub-dom1.foo.com/bar/baz/quux:some-long-tag', 'sub-dom1.foo.com', 'bar/baz/quux', 'some-long-tag'],
  [
    'b.gcr.io/test.example.com/my-app:test.example.com',
    'b.gcr.io',
    'test.example.com/my-app',
    'test.example.com',
  ],
  ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com', 'myimage', 'xn--n3h.com'],
  [
    `xn--7o8h.com/myimage:xn--7o8h.com@sha512:${f128}`,
    'xn--7o8h.com',
    'myimage',
    'xn--7o8h.com',
    `sha512:${f128}`,
  ],
  ['foo_bar.com:8080', 'docker.io', 'library/foo_bar.com', '8080'],
  ['foo/foo_bar.com:8080', 'docker.io', 'foo/foo_bar.com', '8080'],
  ['192.168.1.1', 'docker.io', 'library/192.168.1.1'],
  ['192.168.1.1:tag', 'docker.io', 'library/192.168.1.1', 'tag'],
  ['192.168.1.1:5000', 'docker.io', 'library/192.168.1.1', '5000'],
  ['192.168.1.1/repo', '192.168.1.1', 'repo'],
  ['192.168.1.1:5000/repo', '192.168.1.1:5000', 'repo'],
  ['192.168.1.1:5000/repo:5050', '192.168.1.1:5000', 'repo', '5050'],
  ['[2001:db8::1]/repo', '[2001:db8::1]', 'repo'],
  ['[2001:db8:1:2:3:4:5:6]/repo:tag', '[2001:db8:1:2:3:4:5:6]', 'repo', 'tag'],
  ['[2001:db8::1]:5000/repo', '[2001:db8::1]:5000', 'repo'],
  ['[2001:db8::1]:5000/repo:tag', '[2001:db8::1]:5000', 'repo', 'tag'],
  [`[2001:db8::1]:5000/repo@sha256:${f64}`, '[2001:db8::1]:5000', 'repo', undefined, `sha256:${f64}`],
  [`[2001:db8::1]:5000/repo:tag@sha256:${f64}`, '[2001:db8::1]:5000', 'repo', 'tag', `sha256:${f64}`],
  ['[2001:db8::]:5000/repo', '[2001:db8::]:5000', 'repo'],
  ['[::1]:5000/repo', '[::1]:5000', 'repo'],
  ['example.com:8000/named:tagged', 'example.com:8000', 'named', 'tagged'],
  ['test.com:8000/foo:TAG5', 'test.com:8000', 'foo', 'TAG5'],
  [`localhost:8080@sha256:${f64}`, 'docker.io', 'library/localhost', '8080', `sha256:${f64}`],
  [`localhost:8080/name@sha256:${f64}`, 'localhost:8080', 'name', undefined, `sha256:${f64}`],
  [`localhost@sha256:${f64}`, 'docker.io', 'library/localhost', undefined, `sha256:${f64}`],
];

const normalizeTest: readonly Case[] = [
  ['docker/docker', 'docker.io', 'docker/docker'],
  ['library/debian', 'docker.io', 'library/debian'],
  ['debian', 'docker.io', 'library/debian'],
  ['docker.io/docker/docker', 'docker.io', 'docker/docker'],
  ['docker.io/library/debian', 'docker.io', 'library/debian'],
  ['docker.io/debian', 'docker.io', 'library/debian'],
  ['index.docker.io/docker/docker', 'docker.io', 'docker/docker'],
  ['index.docker.io/library/debian', 'docker.io', 'library/debian'],
  ['index.docker.io/debian', 'docker.io', 'library/debian'],
  ['127.0.0.1:5000/docker/docker', '127.0.0.1:5000', 'docker/docker'],
  ['127.0.0.1:5000/debian', '127.0.0.1:5000', 'debian'],
  ['192.168.0.1:80', 'docker.io', 'library/192.168.0.1', '80'],
  ['192.168.0.1:8/debian', '192.168.0.1:8', 'debian'],
  ['192.168.0.2:25000/debian', '192.168.0.2:25000', 'debian'],
  [
    `${'thisisthesong'.repeat(4)}thatneverend`,
    'docker.io',
    `library/${'thisisthesong'.repeat(4)}thatneverend`,
  ],
  ['[fc00::1]:5000/docker', '[fc00::1]:5000', 'docker'],
  ['[fc00:1:2:3:4:5:6:7]:5000/library/debian', '[fc00:1:2:3:4:5:6:7]:5000', 'library/debian'],
  [`docker.io/${id}`, 'docker.io', `library/${id}`],
  [id.slice(1), 'docker.io', `library/${id.slice(1)}`],
  ['dbcc1', 'docker.io', 'library/dbcc1'],
  ['Docker/docker', 'docker', 'docker'],
  ['DOCKER/docker', 'docker', 'docker'],
  ['Foo/bar', 'foo', 'bar'],
  ['docker---rules/docker', 'docker.io', 'docker---rules/docker'],
  ['dock__er/docker', 'docker.io', 'dock__er/docker'],
  ['d/docker', 'docker.io', 'd/docker'],
  ['jess/t', 'docker.io', 'jess/t'],
  ['example.com:8000/private/moonbase', 'example.com:8000', 'private/moonbase'],
  ['index.docker.io/library/ubuntu-12.04-base', 'docker.io', 'library/ubuntu-12.04-base'],
  ['library/foo/bar', 'docker.io', 'library/foo/bar'],
  ['store/foo/bar', 'docker.io', 'store/foo/bar'],
  ['test_com/foo', 'docker.io', 'test_com/foo'],
  ['test-com:8080/foo', 'test-com:8080', 'foo'],
  ['xn--n3h.com:18080/foo', 'xn--n3h.com:18080', 'foo'],
  [`busybox:latest@sha256:${f64}`, 'docker.io', 'library/busybox', 'latest', `sha256:${f64}`],
];

const regexpTest: readonly Case[] = [
  ['b.gbc.io:443/x', 'b.gbc.io:443', 'x'],
  ['0101.com/x', '0101.com', 'x'],
  ['ab.c-om/x', 'ab.c-om', 'x'],
  ['Asdf.com/foo/bar', 'asdf.com', 'foo/bar'],
  ['192.168.1.1:750050/x', '192.168.1.1:750050', 'x'],
  ['[fd00123123123]:75050/x', '[fd00123123123]:75050', 'x'],
  [
    '[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:75050/x',
    '[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:75050',
    'x',
  ],
  ['example.com/some_separator__underscore/myimage', 'example.com', 'some_separator__underscore/myimage'],
  [
    'registry.io/foo/project--id.module--name.ver---sion--name',
    'registry.io',
    'foo/project--id.module--name.ver---sion--name',
  ],
  ['do__cker/docker', 'docker.io', 'do__cker/docker'],
];

const refused: readonly (readonly [input: string, part: string])[] = [
  ['', 'reference'],
  [id, 'reference'],
  [':justtag', 'repository'],
  [`@sha256:${f64}`, 'repository'],
  [`repo@sha256:${'f'.repeat(34)}`, 'digest'],
  [`validname@invaliddigest:${f128}`, 'digest'],
  ['Uppercase:tag', 'repository'],
  ['test:5000/Uppercase/lowercase:tag', 'repository'],
  [`${'a/'.repeat(128)}a:tag`, 'repository'],
  ['aa/asdf$$^/aa', 'repository'],
  ['[2001:db8::1]', 'repository'],
  ['[2001:db8::1]:5000', 'repository'],
  ['[2001:db8::1]:tag', 'repository'],
  ['[fe80::1%eth0]:5000/repo', 'host'],
  ['[fe80::1%@invalidzone]:5000/repo', 'host'],
  ['https://github.com/docker/docker', 'host'],
  ['docker/Docker', 'repository'],
  ['-docker', 'repository'],
  ['-docker/docker', 'repository'],
  ['-docker.io/docker/docker', 'host'],
  ['docker///docker', 'repository'],
  ['docker.io/docker/Docker', 'repository'],
  ['docker.io/docker///docker', 'repository'],
  ['[fc00::1]', 'repository'],
  ['fc00::1:5000/debian', 'host'],
  ['[2001:db8:3:4::192.0.2.33]:5000/debian', 'host'],
  ['docker-/docker', 'repository'],
  ['-docker-/docker', 'repository'],
  ['____/____', 'repository'],
  ['_docker/_docker', 'repository'],
  ['dock..er/docker', 'host'],
  ['dock_.er/docker', 'host'],
  ['dock-.er/docker', 'host'],
  ['docker/', 'repository'],
  [`${long}/docker`, 'repository'],
  ['-foo', 'repository'],
  ['busybox:-foo', 'tag'],
  ['busybox@foo', 'digest'],
  ['test.com:http/x', 'host'],
  ['ab-.com/x', 'host'],
  ['ab.com-/x', 'host'],
  ['[fd00:1:2::3]75050/x', 'host'],
  ['[fd00:1:2::3]::75050/x', 'host'],
  ['foo_bar.com:8080/app', 'host'],
  ['do__cker:8080/docker', 'host'],
  ['docker./docker', 'host'],
  ['.docker/docker', 'host'],
  ['foo.com/', 'repository'],
  ['a/a/a/a/', 'repository'],
  ['example.com/__underscore/myimage', 'repository'],
  ['example.com/..dots/myimage', 'repository'],
  ['example.com/nodouble..dots/myimage', 'repository'],
  ['registry.com:8080/myapp@sha256:badbadbadbad', 'digest'],
  ['registry.com:8080/myapp:invalid~tag', 'tag'],
  ['registry.com:8080/myapp@2bad', 'digest'],
];

describe('B21: the cases of the distribution project', () => {
  const cases = [...referenceTest, ...normalizeTest, ...regexpTest].map(([input, ...want]) => ({
    input,
    want,
  }));
  test.each(cases)('reads $input as $want.0 and $want.1', ({ input, want }) => {
    const parsed = parseReference(input);
    if (!parsed.ok) throw new Error(parsed.error.why);
    const { host, repository, tag, digest } = parsed.value;
    const [wantedHost, wantedPath, wantedTag, wantedDigest] = want;
    expect([host, repository, tag]).toEqual([wantedHost, wantedPath, wantedTag]);
    expect(digest === undefined ? undefined : digest).toBe(wantedDigest);
  });

  test.each(refused)('refuses %j and blames the %s', (input, part) => {
    const parsed = parseReference(input);
    expect(parsed.ok ? 'accepted' : parsed.error.part).toBe(part);
  });
});
