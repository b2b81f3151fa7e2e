import { expect, test } from 'vitest';
import { locationOf } from './claim-location.ts';

test.each([
  ['beside the image', 'image', 'registry.example.com/shop/web'],
  ['a mirror of paths on another host', 'sigs.example.com/{path}', 'sigs.example.com/shop/web'],
  ['one repository for all', 'sigs.example.com/all', 'sigs.example.com/all'],
  ['the last component alone', '{host}/signatures/{name}', 'registry.example.com/signatures/web'],
  ['Docker Hub by another name', 'index.docker.io/{name}', 'docker.io/library/web'],
  ['an unknown word stays as it is, and names no repository', 'a.io/{tag}', 'a.io/{tag}'],
])('%s', (_title, template, want) => {
  expect(locationOf(template, 'registry.example.com/shop/web')).toBe(want);
});

test('a host with a port is a host', () => {
  expect(locationOf('sigs.io/{path}', 'localhost:5000/a/b/c')).toBe('sigs.io/a/b/c');
});
