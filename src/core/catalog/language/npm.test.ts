import { describe, expect, test } from 'vitest';
import { npmFolderName, readNpmPackage } from './npm.ts';

test.each([
  ['app/node_modules/lodash/package.json', 'lodash'],
  ['node_modules/@babel/core/package.json', '@babel/core'],
  ['a/node_modules/b/node_modules/c/package.json', 'c'],
  ['a/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json', 'a'],
  ['a/node_modules/.pnpm/@b+c@1.0.0/node_modules/@b/c/package.json', '@b/c'],
  ['deno-dir/npm/registry.npmjs.org/chalk/5.3.0/package.json', 'chalk'],
  ['root/.cache/deno/npm/npm.example.com/@a/b/1.0.0/package.json', '@a/b'],
  ['npm/registry.npmjs.org/chalk/next/package.json', undefined],
  ['npm/chalk/5.3.0/package.json', undefined],
  ['npm/registry.npmjs.org/5.3.0/package.json', undefined],
  ['app/package.json', undefined],
  ['node_modules/a/dist/package.json', undefined],
  ['node_modules/a/test/fixtures/package.json', undefined],
  ['node_modules/package.json', undefined],
  ['node_modules/.cache/package.json', undefined],
  ['node_modules/@scope/package.json', undefined],
  ['node_modules/a/package.json5', undefined],
])('%s is the package %s', (path, want) => expect(npmFolderName(path)).toBe(want));

describe('package.json', () => {
  test.each([
    ['{"name":"lodash","version":"4.17.20"}', [['lodash', '4.17.20']], []],
    ['{"name":"not-the-folder","version":"1.0.0"}', [['not-the-folder', '1.0.0']], []],
    ['no JSON', [], ['folder']],
    ['\ufeff{"name":"a","version":"1.0.0"}', [['a', '1.0.0']], []],
    ['{"name":"a","version":"v1.0.0"}', [['a', '1.0.0']], []],
    ['{"version":"1.0.0"}', [['folder', '1.0.0']], []],
    ['{"name":"a"}', [], ['a']],
    ['{"name":["a"],"version":1}', [], ['folder']],
    ['{"name":"a","version":""}', [], ['a']],
    ['[]', [], ['folder']],
    ['', [], ['folder']],
    [`{"name":"a","version":"${'1'.repeat(2000)}"}`, [], ['a']],
    [
      `{"name":"a","version":"1.0.0","x":${'['.repeat(500)}${']'.repeat(500)},"y":"${'\\"[{'.repeat(600)}"}`,
      [['a', '1.0.0']],
      [],
    ],
    [`{"name":"a","version":"1.0.0","x":${'['.repeat(600)}${']'.repeat(600)}}`, [], ['folder']],
  ])('%s', (text, packages, unknown) => {
    const read = readNpmPackage(text, 'folder');
    expect(read.packages.map(({ name, version }) => [name, version])).toEqual(packages);
    expect(read.unknown).toEqual(unknown);
  });
});
