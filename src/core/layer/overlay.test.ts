import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paxRecord, tarOf, type Written } from '../../../test/fakes/tar-writer.ts';
import { createLayerReader, type ChooseFile } from './layer-reader.ts';
import type { LayerDirectory } from './layer-tree.ts';
import { layOver, type ImageFiles } from './overlay.ts';

const limits = { entries: 100_000, bytes: 100_000_000, name: 4096 };

const keepAll: ChooseFile<string> = () => {
  let text = '';
  return {
    body: {
      write: (chunk) => {
        text += Buffer.from(chunk).toString('latin1');
      },
      hole: (length) => {
        text += '\0'.repeat(length);
      },
      end: () => undefined,
    },
    found: () => ({ ok: true, value: text }),
  };
};

const layerOf = (entries: readonly Written[], choose = keepAll): LayerDirectory<string> => {
  const reader = createLayerReader(limits, choose);
  const written = reader.write(tarOf(entries, 2));
  const read = reader.end();
  if (!written.ok) throw new Error(written.error.why);
  if (!read.ok) throw new Error(read.error.why);
  return read.value;
};

/** `a=x` is a file, `a/` a directory, `a -> b` a symbolic link, `a => b` a hard link, `a !` a device; others are empty files. */
const entryOf = (line: string): Written => {
  const [, name = '', sign = '', rest = ''] = /^(.*?)(=(?!>)| -> | => | !|$)(.*)$/.exec(line) ?? [];
  if (sign === ' -> ') return { type: '2', name, link: rest, content: '' };
  if (sign === ' => ') return { type: '1', name, link: rest, content: '' };
  if (sign === ' !') return { type: '3', name, content: '' };
  return name.endsWith('/') ? { type: '5', name, content: '' } : { type: '0', name, content: rest };
};
const imageOf = (layers: readonly (readonly string[])[], choose = keepAll): ImageFiles<string> => {
  const image = layOver(layers.map((lines) => layerOf(lines.map(entryOf), choose)));
  if (!image.ok) throw new Error(image.error.why);
  return image.value;
};
const filesOf = (layers: readonly (readonly string[])[]): readonly string[] =>
  [...imageOf(layers).files()].map(({ path, found }) => `${path}=${found}`).toSorted();

describe('where the runtime puts the entries of a layer (V4)', () => {
  test.each<[string, string[], string[]]>([
    ['./ and absolute names', ['./a=1', '/b=2', './/c//d=3'], ['a=1', 'b=2', 'c/d=3']],
    ['names that lead out', ['../../a=1', 'x/../../b=2', 'c/../d=3'], ['a=1', 'b=2', 'd=3']],
    ['the last of equal names wins', ['a=1', './a=2', 'x/../a=3'], ['a=3']],
    ['a file in place of a directory', ['a/b=1', 'a=2'], ['a=2']],
    ['a directory in place of a file', ['a=1', 'a/', 'a/b=2'], ['a/b=2']],
    ['a directory a second time', ['a/', 'a/b=1', 'a/'], ['a/b=1']],
    ['through a link of the layer', ['usr/lib/', 'lib -> usr/lib', 'lib/a=1'], ['usr/lib/a=1']],
    ['through a link to the root', ['x/', 'x/y -> /z', 'x/y/a=1'], ['z/a=1']],
    ['through a link that leads out', ['x -> ../../../../z', 'x/a=1'], ['z/a=1']],
    ['through links of links', ['a -> b', 'b -> c/d', 'a/x=1'], ['c/d/x=1']],
    ['a link in place of a file', ['a=1', 'a -> b', 'b=2'], ['b=2']],
    ['a hard link', ['a=1', 'b => a'], ['a=1', 'b=1']],
    ['a hard link with an absolute name', ['a=1', 'b => /a'], ['a=1', 'b=1']],
    ['a hard link through a link', ['d/a=1', 'l -> d', 'b => l/a'], ['b=1', 'd/a=1']],
    ['a hard link stays when its target is replaced', ['a=1', 'b => a', 'a=2'], ['a=2', 'b=1']],
    ['a hard link to a link is that link', ['t=1', 'l -> t', 'm => l'], ['t=1']],
    ['a device in place of a file', ['a=1', 'a !'], []],
    ['files of an old storage driver', ['.wh..wh.aufs=1', '.wh..wh.plnk/1=2', 'a=3'], ['a=3']],
  ])('%s', (_, lines, want) => expect(filesOf([lines])).toEqual(want));

  test.each<[string, string[], string]>([
    ['a file under a file', ['a=1', 'a/b=2'], 'no directory'],
    ['a file under a device', ['a !', 'a/b=2'], 'no directory'],
    ['links in a circle', ['a -> b', 'b -> a', 'a/x=1'], 'in a circle'],
    ['a hard link to a directory', ['a/', 'b => a'], 'to a directory'],
    ['a whiteout of nothing', ['a/.wh.='], 'names nothing'],
    ['a whiteout of its own directory', ['a/.wh...='], 'names nothing'],
  ])('%s cannot be read', (_, lines, why) => expect(() => filesOf([lines])).toThrow(why));
});

describe('layers over one another', () => {
  test.each<[string, string[][], string[]]>([
    ['add up', [['a/b=1'], ['a/c=2']], ['a/b=1', 'a/c=2']],
    ['the upper of equal names wins', [['a=1', 'b=1'], ['a=2']], ['a=2', 'b=1']],
    ['a whiteout takes a file away', [['a/b=1', 'a/c=1'], ['a/.wh.b']], ['a/c=1']],
    ['a whiteout takes a directory away', [['a/b/c=1'], ['a/.wh.b']], []],
    ['a whiteout speaks of the layers below alone', [['a/b=1'], ['a/.wh.b', 'a/b=2']], ['a/b=2']],
    ['the same with the file first', [['a/b=1'], ['a/b=2', 'a/.wh.b']], ['a/b=2']],
    ['a directory replaces its own whiteout', [['a/b=1'], ['.wh.a', 'a/', 'a/c=2']], ['a/b=1', 'a/c=2']],
    ['what a whiteout took comes back above', [['a/b=1'], ['.wh.a'], ['a/c=3']], ['a/c=3']],
    [
      'an opaque directory hides all below',
      [
        ['a/b=1', 'c=1'],
        ['a/c=2', 'a/.wh..wh..opq'],
      ],
      ['a/c=2', 'c=1'],
    ],
    ['an opaque root with nothing below', [[], ['.wh..wh..opq', 'b=2']], ['b=2']],
    [
      'a directory that was replaced is not opaque',
      [['a/b=1'], ['a/.wh..wh..opq', 'a=x', 'a/', 'a/c=2']],
      ['a/b=1', 'a/c=2'],
    ],
    ['a file hides a directory', [['a/b=1'], ['a=2']], ['a=2']],
    ['a directory hides a file', [['a=1'], ['a/b=2']], ['a/b=2']],
    [
      'a directory hides a link of a layer below',
      [['usr/lib/a=1', 'lib -> usr/lib'], ['lib/b=2']],
      ['lib/b=2', 'usr/lib/a=1'],
    ],
    ['a link hides a directory', [['lib/a=1', 'usr/lib/b=1'], ['lib -> usr/lib']], ['usr/lib/b=1']],
    ['a device hides a file', [['a=1'], ['a !']], []],
    ['a hard link to a file below', [['a=1'], ['b => a']], ['a=1', 'b=1']],
    ['a hard link to a file that its layer hides', [['a=1'], ['b => a', '.wh.a']], ['b=1']],
    ['a hard link through a link below', [['d/a=1', 'l -> d'], ['b => l/a']], ['b=1', 'd/a=1']],
  ])('%s', (_, layers, want) => expect(filesOf(layers)).toEqual(want));

  // Tried with Linux 6: an overlay mount shows files of a layer below one whose root has `trusted.overlay.opaque`.
  test('an opaque root over something cannot be read: runtimes differ in what they show', () => {
    expect(() => filesOf([['a=1'], ['.wh..wh..opq', 'b=2']])).toThrow('by a mark at the root');
    expect(() => filesOf([['a=1'], ['./.wh..wh..opq']])).toThrow('by a mark at the root');
  });

  test('a hard link to nothing cannot be read', () => {
    expect(() => filesOf([['a=1'], ['b => c']])).toThrow('is not there');
    expect(() => filesOf([['.wh..wh.plnk/1=2', 'b => .wh..wh.plnk/1']])).toThrow('is not there');
  });

  test('a file is found through links, and told by its layer and number', () => {
    const image = imageOf(
      [
        ['x=0', 'usr/lib/db/installed=1'],
        ['lib -> usr/lib', 'status -> /usr/../lib/db/installed', 'gone -> nowhere'],
      ],
      (path, ...rest) => (path === 'x' ? undefined : keepAll(path, ...rest)),
    );
    const file = { path: 'usr/lib/db/installed', layer: 0, entry: 2, found: '1' };
    expect(image.fileAt('lib/db/installed')).toEqual({ ok: true, value: file });
    expect(image.fileAt('status')).toEqual({ ok: true, value: file });
    expect(image.fileAt('x')).toEqual({
      ok: true,
      value: { path: 'x', layer: 0, entry: 1, found: undefined },
    });
    for (const path of ['gone', 'lib', 'y', 'x/y', ''])
      expect(image.fileAt(path)).toEqual({ ok: true, value: undefined });
    expect(image.realFolder('lib/db/other')).toEqual({ ok: true, value: 'usr/lib/db/other' });
    expect(image.realFolder('lib')).toEqual({ ok: true, value: 'usr/lib' });
    expect([image.namesAt('lib/db'), image.namesAt('x'), image.namesAt('gone')]).toEqual([
      ['installed'],
      [],
      [],
    ]);
  });

  test('links in a circle are told where they are followed', () => {
    const image = imageOf([['a -> b'], ['b -> a']]);
    expect(image.fileAt('a').ok).toBe(false);
    expect(image.namesAt('a')).toEqual([]);
  });

  test('of any layers no file lies outside, and each is found where it lies', () => {
    const part = fc.constantFrom('a', 'b', 'c', '..', '.', '');
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const line = fc.oneof(
      path.map((name) => `${name}=1`),
      path.map((name) => `${name}/`),
      fc.tuple(path, path).map(([name, link]) => `${name} -> ${link}`),
      fc.tuple(path, fc.constantFrom('a', 'b', '.wh..opq')).map(([name, base]) => `${name}/.wh.${base}`),
    );
    const layers = fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(layers, (lines) => {
        let image: ImageFiles<string>;
        try {
          image = imageOf(lines);
        } catch {
          return;
        }
        for (const { path: at, layer, entry } of image.files()) {
          expect(at.split('/').some((one) => ['..', '.', ''].includes(one))).toBe(false);
          expect(image.fileAt(at)).toMatchObject({ value: { path: at, layer, entry } });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('V5: layers that nobody can trust', () => {
  const limited = (entries: readonly Written[], repeat: number): unknown => {
    const reader = createLayerReader({ ...limits, entries: 10_000_000, bytes: 2 ** 40 }, () => undefined);
    const tar = tarOf(entries);
    for (let at = 0; at < repeat; at += 1) {
      const written = reader.write(tar);
      if (!written.ok) return written.error;
    }
    const read = reader.end();
    return read.ok ? 'read' : read.error;
  };
  const pax = (key: string, value: string): Written => ({
    type: 'x',
    name: 'p',
    content: paxRecord(key, value),
  });

  test('links that lead through links end', () => {
    const doubled = Array.from({ length: 30 }, (_, at): Written => ({
      type: '2',
      name: `l${at + 1}`,
      link: `l${at}/../l${at}`,
      content: '',
    }));
    expect(limited([...doubled, { type: '0', name: 'l30/x', content: '' }], 1)).toMatchObject({
      kind: 'invalid',
    });
  });

  test('long links and deep folders do not fill the memory', () => {
    const links = Array.from({ length: 100 }, (_, at): Written[] => [
      pax('linkpath', 'x'.repeat(4000)),
      { type: '2', name: `l${at}`, content: '' },
    ]);
    expect(limited(links.flat(), 1000)).toMatchObject({ kind: 'limit' });
    const deep = Array.from({ length: 800 }, (_, at) => [
      pax('path', `${at}/${'d/'.repeat(2000)}`),
      { type: '0', name: 'x', content: '' },
    ]);
    expect(limited(deep.flat(), 1)).toMatchObject({ kind: 'limit' });
  });

  test('what a reader of a file refuses ends the layer', () => {
    const reader = createLayerReader<string>(limits, () => ({
      body: { write: () => undefined, hole: () => undefined, end: () => undefined },
      found: () => ({ ok: false, error: { kind: 'limit', why: 'too much' } }),
    }));
    reader.write(tarOf([entryOf('a=1'), entryOf('b=2')], 2));
    expect(reader.end()).toEqual({ ok: false, error: { kind: 'limit', why: 'too much' } });
  });
});
