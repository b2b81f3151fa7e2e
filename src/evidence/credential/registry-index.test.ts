import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRegistryIndex } from './registry-index.ts';
import { bySpecificity, matchesRepository, parseRegistryKey } from './registry-key.ts';

const hosts = [
  'docker.io',
  'index.docker.io',
  'r.example.com',
  'r.example.com:5000',
  'b.example.com',
] as const;
const hostKeys = [
  ...hosts,
  '*.example.com',
  'r.*.com',
  '*.*.com:5000',
  'R.Example.com',
  'https://r.example.com/v2',
];
const paths = ['', '/a', '/a/b', '/a/b/c', '/ab', '/v1/a'];
const anyKey = fc
  .tuple(fc.constantFrom(...hostKeys), fc.constantFrom(...paths))
  .map(([host, path]) => `${host}${path}`);
const anyRepository = fc.record({
  host: fc.constantFrom(
    'docker.io',
    'r.example.com',
    'r.example.com:5000',
    'b.example.com',
    'other.example.org',
  ),
  repository: fc.constantFrom('a', 'a/b', 'a/b/c', 'a/b/c/d', 'ab', 'z'),
});

test('finds what comparing all keys finds, in the same order', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 12 }), anyRepository, (texts, repository) => {
      const entries = texts.flatMap((text, at) => {
        const key = parseRegistryKey(text);
        return key.ok ? [{ key: key.value, at }] : [];
      });
      const wanted = entries
        .filter(({ key }) => matchesRepository(key, repository))
        .sort((a, b) => bySpecificity(a.key, b.key));
      expect(createRegistryIndex(entries).find(repository)).toEqual(wanted);
    }),
    { numRuns: 2000 },
  );
});
