import { describe, expect, test } from 'vitest';
import { catalog, layerOf, summaryOf, type Files } from '../../../../test/fakes/catalog-layers.ts';
import { elfOf } from '../../../../test/fakes/go-program.ts';
import { catalogImage } from '../image-catalog.ts';

const program = elfOf([{ address: 0x1000, flags: 5, bytes: Buffer.alloc(100) }]);

describe('V1: packages of npm behind links of folders are listed', () => {
  const lodash = JSON.stringify({ name: 'lodash', version: '4.17.20' });
  const scoped = JSON.stringify({ name: '@a/b', version: '1.0.0' });
  const both = ['npm lodash 4.17.20', 'npm @a/b 1.0.0'];
  test.each<[string, readonly Files[], readonly string[]]>([
    [
      'a package of a workspace, and one with a scope',
      [
        {
          'app/packages/lodash/package.json': lodash,
          'app/packages/b/package.json': scoped,
          'app/node_modules/lodash': { to: '../packages/lodash' },
          'app/node_modules/@a/b': { to: '../../packages/b' },
        },
      ],
      both,
    ],
    [
      '`node_modules` itself',
      [
        {
          'opt/deps/lodash/package.json': lodash,
          'opt/deps/@a/b/package.json': scoped,
          'app/node_modules': { to: '/opt/deps' },
        },
      ],
      both,
    ],
    [
      'a scope',
      [{ 'opt/scope/b/package.json': scoped, 'app/node_modules/@a': { to: '../../opt/scope' } }],
      ['npm @a/b 1.0.0'],
    ],
    [
      'a link of a later layer',
      [{ 'opt/lodash/package.json': lodash }, { 'app/node_modules/lodash': { to: '/opt/lodash' } }],
      ['npm lodash 4.17.20'],
    ],
    [
      'several links to one folder',
      [
        {
          'opt/deps/lodash/package.json': lodash,
          'a/node_modules': { to: '/opt/deps' },
          'b/node_modules': { to: '../a/node_modules' },
          'c/node_modules/lodash': { to: '/opt/deps/lodash' },
        },
      ],
      ['npm lodash 4.17.20'],
    ],
    [
      'one of the store of pnpm is there once',
      [
        {
          'app/node_modules/.pnpm/lodash@4/node_modules/lodash/package.json': lodash,
          'app/node_modules/lodash': { to: '.pnpm/lodash@4/node_modules/lodash' },
        },
      ],
      ['npm lodash 4.17.20'],
    ],
    [
      'links that lead nowhere, in a circle, to files and to programs',
      [
        {
          'app/node_modules/a': { to: '/gone' },
          'app/node_modules/b': { to: 'c' },
          'app/node_modules/c': { to: 'b' },
          'app/node_modules/.bin/d': { to: '../../main' },
          'app/node_modules/e': { to: '/app/main' },
          'app/main': 'text',
          'app/package.json': lodash,
        },
      ],
      [],
    ],
  ])('%s', (_, layers, packages) => {
    expect(summaryOf(catalog(layers))).toEqual({ packages, gaps: [] });
  });

  test('with the place where it lies; its programs are its own, and without a version it is a gap', () => {
    const list = catalog([
      {
        'opt/lodash/package.json': lodash,
        'opt/lodash/build/addon.node': program,
        'opt/own/package.json': '{"name":"own"}',
        'app/node_modules/lodash': { to: '/opt/lodash' },
        'app/node_modules/own': { to: '/opt/own' },
      },
    ]);
    expect(list.packages.map(({ path }) => path)).toEqual(['opt/lodash/package.json']);
    expect(summaryOf(list).gaps).toEqual(['version-unknown packages: own in opt/own/package.json']);
  });

  test('a file to which many links lead is asked for once', () => {
    const links = Array.from({ length: 100 }, (_, at) => [`app/node_modules/p${at}`, { to: '/opt/lodash' }]);
    const files = { 'opt/lodash/package.json': lodash, ...Object.fromEntries(links) } as Files;
    expect(catalogImage([layerOf(files, 1)])).toEqual({
      ok: true,
      value: {
        kind: 'needed',
        files: [{ layer: 0, entry: 1, path: 'app/node_modules/p99/package.json' }],
      },
    });
  });

  test('links that multiply end at a bound, and the image is unreadable', () => {
    const long = './'.repeat(46);
    const chain = Object.fromEntries(
      Array.from({ length: 250 }, (_, at) => [
        `l${String(at)}`,
        { to: at === 0 ? 'end' : `${long}l${String(at - 1)}` },
      ]),
    );
    const many = Object.fromEntries(
      Array.from({ length: 4500 }, (_, at) => [`app/node_modules/p${String(at)}`, { to: '/l249' }]),
    );
    expect(() => catalog([{ 'end/file': '', ...chain, ...many }])).toThrow('more steps than may be');
  });
});

describe('the cache of Deno', () => {
  const cache = 'deno-dir/npm/registry.npmjs.org';
  const hash = 'a'.repeat(64);
  test('its packages of npm are listed, and what it imports by URL is a gap', () => {
    const list = catalog([
      {
        [`${cache}/chalk/5.3.0/package.json`]: '{"name":"chalk","version":"5.3.0"}',
        [`${cache}/@a/b/1.0.0-rc.1/package.json`]: '{"name":"@a/b","version":"1.0.0-rc.1"}',
        [`${cache}/chalk/registry.json`]: '{}',
        [`deno-dir/remote/https/deno.land/${hash}`]: 'export {}',
        [`deno-dir/deps/https/jsr.io/${hash}`]: 'export {}',
        [`srv/https/deno.land/${hash}`]: 'no module',
      },
    ]);
    expect(summaryOf(list)).toEqual({
      packages: ['npm chalk 5.3.0', 'npm @a/b 1.0.0-rc.1'],
      gaps: [
        `ecosystem-unsupported Deno modules: deno-dir/remote/https/deno.land/${hash}, deno-dir/deps/https/jsr.io/${hash}`,
      ],
    });
  });
});
