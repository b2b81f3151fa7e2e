import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bySpecificity, matchesRepository, parseRegistryKey, type RegistryKey } from './registry-key.ts';

const parse = (text: string): RegistryKey => {
  const key = parseRegistryKey(text);
  if (!key.ok) throw new Error(key.error);
  return key.value;
};
const split = (name: string) => {
  const slash = name.indexOf('/');
  return { host: name.slice(0, slash), repository: name.slice(slash + 1) };
};
const matches = (key: string, name: string): boolean => matchesRepository(parse(key), split(name));

describe('a key is meant for', () => {
  test.each([
    ['its registry', 'registry.example.com', 'registry.example.com/team/app'],
    ['its registry with the same port', 'registry.example.com:5000', 'registry.example.com:5000/app'],
    ['its registry in other letters', 'Registry.Example.COM', 'registry.example.com/app'],
    ['its registry written as a URL', 'https://registry.example.com', 'registry.example.com/app'],
    [
      'its registry written as the URL of the old API',
      'https://registry.example.com/v1/',
      'registry.example.com/app',
    ],
    [
      'its registry written as the URL of the new API',
      'http://registry.example.com/v2/',
      'registry.example.com/app',
    ],
    [
      'its registry with the version left open',
      'https://registry.example.com/v1',
      'registry.example.com/app',
    ],
    ['a path', 'registry.example.com/team', 'registry.example.com/team/app'],
    ['a path with a slash at its end', 'registry.example.com/team/', 'registry.example.com/team/a/b'],
    ['a path after the version', 'https://registry.example.com/v2/team', 'registry.example.com/team/app'],
    ['one repository', 'registry.example.com/team/app', 'registry.example.com/team/app'],
    ['one label left open', '*.example.com', 'registry.example.com/app'],
    ['two labels left open', '*.*.example.com', 'a.b.example.com/app'],
    ['a label of which the end is known', '*-good.example.com', 'prefix-good.example.com/app'],
    ['a label in the middle', 'prefix.*.com', 'prefix.example.com/app'],
    ['open labels, a port and a path', '*.example.com:5000/team', 'r.example.com:5000/team/app'],
    ['an IPv6 address', '[::1]:5000', '[::1]:5000/app'],
    ['a host without dots', 'localhost:5000', 'localhost:5000/app'],
    ['Docker Hub as docker login writes it', 'https://index.docker.io/v1/', 'docker.io/library/nginx'],
    ['Docker Hub as references write it', 'docker.io', 'docker.io/library/nginx'],
    ['Docker Hub as pulls reach it', 'registry-1.docker.io', 'docker.io/library/nginx'],
    ['Docker Hub, named by the host of its pulls', 'docker.io', 'registry-1.docker.io/library/nginx'],
    ['one account of Docker Hub', 'docker.io/acme', 'docker.io/acme/app'],
  ])('%s', (_title, key, name) => expect(matches(key, name)).toBe(true));

  test.each([
    [
      'a path that only begins alike (B20, B28)',
      'registry.example.com/team',
      'registry.example.com/teamevil/app',
    ],
    [
      'a path that only begins alike, with a dash',
      'registry.example.com/team',
      'registry.example.com/team-evil',
    ],
    ['a path above', 'registry.example.com/team/app', 'registry.example.com/team'],
    ['another path', 'registry.example.com/team', 'registry.example.com/x/team'],
    ['a host that only begins alike (B28)', 'registry.example.com', 'registry.example.com.evil.io/app'],
    ['a host that only ends alike (B28)', 'example.com', 'evilexample.com/app'],
    ['a subdomain (B28)', 'example.com', 'registry.example.com/app'],
    ['the domain above an open label', '*.example.com', 'example.com/app'],
    ['two labels where one is open', '*.example.com', 'a.b.example.com/app'],
    ['one label where two are open', '*.*.example.com', 'a.example.com/app'],
    ['another zone behind an open label (B28)', '*.example.com', 'a.example.org/app'],
    ['a port where none is written', 'registry.example.com', 'registry.example.com:5000/app'],
    ['no port where one is written', 'registry.example.com:5000', 'registry.example.com/app'],
    ['another port', 'registry.example.com:5000', 'registry.example.com:5001/app'],
    ['a port behind an open label', '*.example.com', 'registry.example.com:5000/app'],
    ['a zone that ends like Docker Hub', 'docker.io', 'evildocker.io/library/nginx'],
    ['another name in the zone of Docker Hub', 'docker.io', 'mirror.docker.io/library/nginx'],
    ['another letter case of a path', 'registry.example.com/team', 'registry.example.com/Team/app'],
    ['a version that is a repository', 'registry.example.com/v1', 'registry.example.com/app'],
  ])('not: %s', (_title, key, name) => expect(matches(key, name)).toBe(false));
});

describe('no key is', () => {
  test.each([
    ['a password in a URL', 'https://user:s3cret-text@registry.example.com'],
    ['a query', 'registry.example.com?s3cret-text'],
    ['a fragment', 'registry.example.com/team#s3cret-text'],
    ['another scheme', 'ftp://s3cret-text.example.com'],
    ['nothing', ''],
    ['only a path', '/s3cret-text'],
    ['a path that climbs', 'registry.example.com/../s3cret-text'],
    ['an empty component', 'registry.example.com//s3cret-text'],
    ['a path with a star', 'registry.example.com/s3cret-text*'],
    ['a port that is none', 'registry.example.com:s3cret-text'],
    ['a character class', '[a-z]s3cret-text.example.com'],
    ['a space', 'registry.example.com s3cret-text'],
    ['a line break', 'registry.example.com\ns3cret-text'],
    ['too long', `s3cret-text.${'a.'.repeat(400)}com`],
  ])('%s, and the refusal does not quote it (B37)', (_title, text) => {
    const key = parseRegistryKey(text);
    expect(key.ok).toBe(false);
    expect(JSON.stringify(key)).not.toContain('s3cret-text');
  });
});

test('the most specific key comes first: exact host, then more of the host, then more of the path', () => {
  const keys = [
    '*.example.com',
    '*.example.com/team',
    'a.example.com',
    'a.example.com/team',
    'a*.example.com',
  ];
  const sorted = keys
    .map(parse)
    .sort(bySpecificity)
    .map(({ shown }) => shown);
  expect(sorted).toEqual([
    'a.example.com/team',
    'a.example.com',
    'a*.example.com',
    '*.example.com/team',
    '*.example.com',
  ]);
});

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const component = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const host = fc
  .tuple(fc.array(label, { minLength: 2, maxLength: 4 }), fc.option(fc.integer({ min: 1, max: 65_535 })))
  .map(([labels, port]) => `${labels.join('.')}${port === null ? '' : `:${port}`}`);
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('properties', () => {
  test('a key without star matches the repositories at and below its path, and no other (B20, B28)', () => {
    fc.assert(
      fc.property(host, path, fc.oneof(path, fc.constant('')), fc.string(), (name, own, below, tail) => {
        // `host/v1/team` is how older clients write the key of `host/team`.
        fc.pre(!/^v[12]\//.test(own));
        const key = parse(`${name}/${own}`);
        const inside = below === '' ? own : `${own}/${below}`;
        expect(matchesRepository(key, { host: name, repository: inside })).toBe(true);
        // Whatever is written behind the path is another repository unless a slash comes first.
        const beside = `${own}${tail}`;
        expect(matchesRepository(key, { host: name, repository: beside })).toBe(
          tail === '' || tail[0] === '/',
        );
      }),
    );
  });

  test('a key never matches a host that has anything more or less than its own (B28)', () => {
    fc.assert(
      fc.property(host, label, path, (name, more, repository) => {
        const key = parse(name);
        for (const other of [
          `${more}.${name}`,
          `${more}${name}`,
          name.slice(1),
          `${name}0`,
          `${name}.${more}`,
        ]) {
          expect(matchesRepository(key, { host: other, repository })).toBe(false);
        }
      }),
    );
  });

  test('reading is total, and what is shown reads as the same key', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          host,
          fc.tuple(host, path).map((parts) => parts.join('/')),
        ),
        (text) => {
          const key = parseRegistryKey(text);
          if (key.ok) {
            // A path that begins with a version loses it each time it is read.
            fc.pre(!/^v[12]$/.test(key.value.path[0] ?? ''));
            expect(parse(key.value.shown)).toEqual(key.value);
          }
        },
      ),
    );
  });
});
