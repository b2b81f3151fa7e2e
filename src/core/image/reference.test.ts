import { describe, expect, test } from 'vitest';
import { formatReference, parseReference, type ImageReference } from './reference.ts';
import { threadTime } from '../../../test/fakes/cpu-time.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const parsed = (text: string): ImageReference => {
  const result = parseReference(text);
  if (!result.ok) throw new Error(result.error.why);
  return result.value;
};

describe('formatReference', () => {
  test.each([
    ['expands a Docker Hub short name', 'nginx', 'docker.io/library/nginx:latest'],
    ['expands a Docker Hub namespace', 'team/app:1', 'docker.io/team/app:1'],
    ['expands docker.io without library', 'docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['folds index.docker.io into docker.io', 'index.docker.io/x', 'docker.io/library/x:latest'],
    // distribution/reference normalize.go, splitDockerDomain: the host is compared letter by letter.
    ['adds no library/ behind a Docker Hub host in upper case', 'DOCKER.IO/nginx', 'DOCKER.IO/nginx:latest'],
    ['nor behind its other name', 'INDEX.Docker.IO/x', 'DOCKER.IO/x:latest'],
    ['B21: lowers its case where nothing is added anyway', 'Docker.IO/team/x:1', 'docker.io/team/x:1'],
    ['B21: and where library/ is written', 'DOCKER.IO/library/x', 'docker.io/library/x:latest'],
    ['keeps another Docker Hub host name apart', 'registry-1.docker.io/x', 'registry-1.docker.io/x:latest'],
    ['keeps Docker Hub with a port apart', 'docker.io:443/x', 'docker.io:443/x:latest'],
    ['adds no library/ on another host', 'a.io/x', 'a.io/x:latest'],
    ['adds no tag beside a digest', `a.io/x@${digest}`, `a.io/x@${digest}`],
    ['keeps tag and digest together', `a.io/x:1@${digest}`, `a.io/x:1@${digest}`],
    ['B21: lowers the case of a host', 'Registry.Example.COM:5000/x', 'registry.example.com:5000/x:latest'],
    ['B21: reads localhost as a host', 'localhost/x', 'localhost/x:latest'],
    ['B21: reads upper-case localhost as the same host', 'LocalHost/x', 'localhost/x:latest'],
    ['reads localhost alone as an image', 'localhost', 'docker.io/library/localhost:latest'],
    ['B21: lowers the case of an IPv6 host', '[FC00::A]:5000/x', '[fc00::a]:5000/x:latest'],
    ['writes a bare host in upper case, or it would turn into a namespace', 'Foo/bar', 'FOO/bar:latest'],
  ])('%s', (_title, text, want) => {
    expect(formatReference(parsed(text))).toBe(want);
  });
});

describe('parseReference', () => {
  test('splits host and port and keeps the text as given', () => {
    expect(parsed('Registry.example.com:5000/team/app:v1')).toEqual({
      given: 'Registry.example.com:5000/team/app:v1',
      host: 'registry.example.com:5000',
      hostname: 'registry.example.com',
      port: '5000',
      hostWritten: true,
      repository: 'team/app',
      tag: 'v1',
    });
    expect(parsed('[::1]:5000/x')).toMatchObject({ hostname: '[::1]', port: '5000' });
    expect(parsed('[::1]/x')).not.toHaveProperty('port');
  });

  test.each([
    ['nginx', false],
    ['library/nginx', false],
    ['team/app:1', false],
    ['docker.io/nginx', true],
    ['index.docker.io/library/nginx', true],
    ['localhost/nginx', true],
    ['Foo/bar', true],
  ])('R7: %s has its host written: %s', (text, want) => {
    expect(parsed(text).hostWritten).toBe(want);
  });

  test.each(['DOCKER.IO/nginx', 'Index.docker.io/nginx:1', `dockeR.io/x@${digest}`, 'DOCKER.IO/library/x'])(
    'B21: %s names its repository as it is written, on the same host, and its record reads back to it',
    (text) => {
      const { given: _, ...reference } = parsed(text);
      expect(reference).toMatchObject({ host: 'docker.io', hostWritten: true });
      expect(text.includes(reference.repository)).toBe(true);
      const { given: _again, ...again } = parsed(formatReference(parsed(text)));
      expect({ tag: 'latest', ...again }).toEqual({ tag: 'latest', ...reference });
    },
  );

  test.each([
    'sha256:latest',
    'sha256:v1',
    'sha256:1F3A',
    'sha256',
    'sha1:1f3a',
    'library/sha256:1f3a',
    `sha256:1f3a@${digest}`,
    'docker.io/library/sha256:1f3a',
  ])('B21: %s is a name: no runtime finds an id in it', (text) => {
    expect(parsed(text).repository).toMatch(/^library\//);
  });

  test.each([
    ['R6b: 255 characters of path without the host', `${'h'.repeat(60)}.io/${'a'.repeat(255)}`, true],
    ['R6b: 256 characters of path', `a.io/${'a'.repeat(256)}`, false],
    ['R6b: library/ counts', 'a'.repeat(247), true],
    ['R6b: library/ counts and is too much', 'a'.repeat(248), false],
    ['a tag of 128 characters', `a:${'t'.repeat(128)}`, true],
    ['a tag of 129 characters', `a:${'t'.repeat(129)}`, false],
    ['a host up to the cap of 4,096', `${'h'.repeat(4091)}.io/a`, true],
    ['a host beyond the cap', `${'h'.repeat(4093)}.io/a`, false],
  ])('%s', (_title, text, accepted) => {
    expect(parseReference(text).ok).toBe(accepted);
  });

  test.each([
    ['leading white space', ' nginx', 'repository', 'starts with white space'],
    ['trailing white space', 'nginx ', 'repository', 'ends with white space'],
    ['a line feed behind the tag', 'nginx:1\n', 'tag', 'ends with white space'],
    ['white space in the middle', 'a.io/x y', 'repository', 'contains white space'],
    ['a NUL', 'a.io/x\u0000', 'repository', 'control character U+0000'],
    ['an escape sequence in the host', 'a\u001b[0m.io/x', 'host', 'control character U+001B'],
    ['a Cyrillic look-alike in the host', 'd\u043ecker.io/library/x', 'host', 'U+043E, which is not ASCII'],
    ['an invisible character', 'ngin\u200bx', 'repository', 'U+200B'],
    ['a full-width colon', 'nginx\uff1a1', 'repository', 'U+FF1A'],
    ['half a surrogate pair', 'nginx\ud83d', 'repository', 'U+D83D'],
    ['a scheme', 'https://a.io/x', 'host', 'no scheme'],
    ['another scheme', 'docker://nginx', 'host', 'no scheme'],
    ['B20: user information', 'allowed.io:443@evil.com/x', 'host', 'user names'],
    ['B20: user information without a port', 'allowed.io@evil.com/x', 'host', 'user names'],
    ['B20: user information behind a path', 'allowed.io/x@evil.com/y', 'digest', 'algorithm:hex'],
    ['B21: a port that is a word', 'a.io:http/x', 'host', 'not a port number'],
    ['B21: a port that is missing', 'a.io:/x', 'host', 'not a port number'],
    ['B21: IPv6 without brackets', 'fc00::1/x', 'host', 'square brackets'],
    ['B21: an IPv6 zone', '[fe80::1%eth0]/x', 'host', 'zone'],
    ['B21: 64 hexadecimal digits', 'f'.repeat(64), 'reference', 'image id'],
    ['B21: a sha256 alone', `sha256:${'f'.repeat(64)}`, 'reference', 'image id'],
    ['B21: a sha384 alone', `sha384:${'f'.repeat(96)}`, 'reference', 'image id'],
    ['B21: a sha512 alone', `sha512:${'f'.repeat(128)}`, 'reference', 'image id'],
    ['B21: the first digits of a sha256 alone', 'sha256:1f3a', 'reference', 'image id'],
    ['B21: upper case in the path', 'a.io/Team/x', 'repository', 'lower case'],
    ['R6b: an underscore in what must be the host', 'a_b.com/x', 'host', 'underscore'],
    ['R6b: a trailing dot of the host', 'a.io./x', 'host', 'single dots'],
    ['an empty tag', 'nginx:', 'tag', 'missing'],
    ['a second tag', 'nginx:1:2', 'tag', 'consists of'],
    ['an empty digest', 'nginx@', 'digest', 'algorithm:hex'],
    ['a second digest', `nginx@${digest}@${digest}`, 'digest', 'other than hexadecimal'],
    ['a digest that is not supported', `nginx@md5:${'a'.repeat(32)}`, 'digest', 'not supported'],
    ['a path that climbs', 'a.io/../x', 'repository', 'consist of'],
    ['an empty component', 'a.io//x', 'repository', 'empty component'],
    ['nothing behind the host', 'a.io/', 'repository', 'missing'],
    ['nothing', '', 'reference', 'empty'],
    ['5,000 characters', 'a'.repeat(5000), 'reference', 'at most 4096'],
  ])('refuses %s', (_title, text, part, why) => {
    const result = parseReference(text);
    expect(result.ok ? 'accepted' : result.error).toMatchObject({ part, why: expect.stringContaining(why) });
  });

  test('takes linear time on hostile text', () => {
    for (const unit of ['a', 'a/', 'a-', '__', '.', ':', '@', '[', ' ', 'a.']) {
      const text = unit.repeat(4096 / unit.length);
      const used = threadTime(() => {
        for (let round = 0; round < 20; round += 1) parseReference(text);
      });
      expect(used).toBeLessThan(200);
    }
  });
});
