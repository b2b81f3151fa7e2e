import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { header, paxRecord, tarOf, type Written } from '../../../../test/fakes/tar-writer.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import { createTarReader } from './tar-reader.ts';
import type { TarLimits } from './tar-steps.ts';

const limits: TarLimits = { entries: 10_000, bytes: 2 ** 40, name: 4096 };

interface Listed {
  readonly kind: string;
  readonly name: string;
  readonly link: string;
  readonly size: number;
  readonly sha256: string;
}

/** Reads an archive in chunks; an error is the last line. */
const list = (chunks: readonly Uint8Array[], within = limits): (Listed | string)[] => {
  const found: (Listed | string)[] = [];
  const reader = createTarReader(within, ({ kind, name, link }) => {
    const hash = createHash('sha256');
    let size = 0;
    return {
      ok: true,
      value: {
        write: (chunk) => {
          size += chunk.length;
          hash.update(chunk);
        },
        hole: (length) => {
          size += length;
          hash.update(new Uint8Array(length));
        },
        end: () => found.push({ kind, name, link, size, sha256: hash.digest('hex') }),
      },
    };
  });
  for (const chunk of chunks) reader.write(chunk);
  const end = reader.end();
  return end.ok ? found : [...found, end.error.why];
};
const names = (bytes: Uint8Array, within = limits): string[] =>
  list([bytes], within).map((one) => (typeof one === 'string' ? one : one.name));

const cut = (bytes: Uint8Array, length: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.subarray(at * length, (at + 1) * length),
  );

const fixtures = join(import.meta.dirname, '../../../../test/fixtures/tar');
const archives = readdirSync(fixtures).filter((name) => name.endsWith('.tar'));
const goKinds: Readonly<Record<string, string>> = {
  '0': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'other',
  '5': 'directory',
};

describe('V4: a tar is read as archive/tar of Go reads it', () => {
  test('the archives of five writers are here', () => expect(archives.length).toBeGreaterThan(12));

  test.each(archives)('%s, whole and in chunks of 1, 511 and 4096 bytes', (archive) => {
    const bytes = readFileSync(join(fixtures, archive));
    const go = readFileSync(join(fixtures, archive.replace(/\.tar$/, '.jsonl')), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Listed & { readonly type: string })
      .map(({ type, name, link, size, sha256 }) => ({ kind: goKinds[type], name, link, size, sha256 }));
    expect(list([bytes])).toEqual(go);
    for (const length of [1, 511, 4096]) expect(list(cut(bytes, length))).toEqual(go);
  });

  const file = (name: string, content = 'x'): Written => ({ type: '0', name, content });

  test.each<[string, Uint8Array, string[]]>([
    ['an archive without end blocks is whole', tarOf([file('a')]), ['a']],
    ['one block of zeros and then nothing is an end', tarOf([file('a')], 1), ['a']],
    ['the padding of the last file may be missing', tarOf([file('a')]).subarray(0, 513), ['a']],
    ['no bytes are an empty archive', new Uint8Array(0), []],
    [
      'what follows two blocks of zeros is not there',
      Buffer.concat([tarOf([file('a')], 2), tarOf([file('b')])]),
      ['a'],
    ],
    [
      'one block of zeros between files is an error',
      Buffer.concat([tarOf([file('a')], 1), tarOf([file('b')])]),
      ['a', 'the tar goes on behind a block of zeros'],
    ],
    [
      'both of equal names are handed on, in their order',
      tarOf([file('a', '1'), file('a', '22')]),
      ['a', 'a'],
    ],
    [
      'an extended header names the next file alone',
      tarOf([{ type: 'x', name: 'x', content: paxRecord('path', 'long') }, file('a'), file('b')]),
      ['long', 'b'],
    ],
    [
      'the last of two extended headers counts, whole',
      tarOf([
        { type: 'x', name: 'x', content: paxRecord('path', 'first') },
        { type: 'x', name: 'x', content: paxRecord('mtime', '1') },
        file('a'),
      ]),
      ['a'],
    ],
    [
      'a global header changes no name, and takes away what was told before it',
      tarOf([
        { type: 'x', name: 'x', content: paxRecord('path', 'told') },
        { type: 'g', name: 'g', content: paxRecord('path', 'global') },
        file('a'),
      ]),
      ['a'],
    ],
    [
      'the GNU name wins over the one of an extended header',
      tarOf([
        { type: 'L', name: 'L', content: 'gnu\0' },
        { type: 'x', name: 'x', content: paxRecord('path', 'pax') },
        file('a'),
      ]),
      ['gnu'],
    ],
    [
      'the size of an extended header counts, so no bytes of a body are taken for a header',
      tarOf([
        { type: 'x', name: 'x', content: paxRecord('size', '600') },
        { ...file('a', 'y'.repeat(600)), size: 0 },
        file('b'),
      ]),
      ['a', 'b'],
    ],
    [
      'an empty record leaves the header as it is',
      tarOf([{ type: 'x', name: 'x', content: paxRecord('path', '') }, file('a')]),
      ['a'],
    ],
    [
      'a hard link has no body, whatever size it says',
      tarOf([{ type: '1', name: 'l', link: 'a', content: '', size: 4096 }, file('b')]),
      ['l', 'b'],
    ],
    [
      'names that are not UTF-8 stay different names',
      tarOf([file('a\u0080'), file('a\u0081')], 2, 'latin1'),
      ['a\udc80', 'a\udc81'],
    ],
    [
      'an old name with a slash at its end is a directory',
      tarOf([{ type: '\0', name: 'd/', content: '' }]),
      ['d/'],
    ],
  ])('%s', (_title, bytes, want) => expect(names(bytes)).toEqual(want));
});

const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 40 });
const written = fc.array(
  fc.record({
    name: fc.stringMatching(/^[a-z/.é-]{1,300}$/),
    content: fc.string({ unit: fc.constantFrom('a', '\0', '\n'), maxLength: 1600 }),
  }),
  { maxLength: 8 },
);

test('what the chunks are never changes what is read, and what was written is read', () => {
  fc.assert(
    fc.property(written, sizes, (files, chunkSizes) => {
      const bytes = tarOf(
        files.flatMap(({ name, content }) => [
          { type: 'x', name: 'x', content: paxRecord('path', name) },
          { type: '0', name: 'short', content },
        ]),
        2,
      );
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const size of chunkSizes) chunks.push(bytes.subarray(at, (at += size)));
      chunks.push(bytes.subarray(at));
      const want = files.map(({ name, content }) => ({
        kind: 'file',
        name,
        link: '',
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      }));
      expect(list(chunks)).toEqual(want);
    }),
    { numRuns: 200 },
  );
});

test('bytes of a stranger give an error or entries, and never throw', () => {
  const good = readFileSync(join(fixtures, 'gnu-sparse-1.0.tar'));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(good.length),
      (changes, length) => {
        const bytes = new Uint8Array(good.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        expect(Array.isArray(list([bytes]))).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

describe('V5: a hostile tar is an error', () => {
  const many = tarOf(Array.from({ length: 11 }, (_, at) => ({ type: '0', name: `f${at}`, content: '' })));
  const pax = (content: string): Uint8Array =>
    tarOf([
      { type: 'x', name: 'x', content },
      { type: '0', name: 'a', content: '' },
    ]);
  const sparse = (map: string, size: string, content = ''): Uint8Array =>
    tarOf([
      {
        type: 'x',
        name: 'x',
        content:
          paxRecord('GNU.sparse.major', '1') +
          paxRecord('GNU.sparse.minor', '0') +
          paxRecord('GNU.sparse.realsize', size),
      },
      { type: '0', name: 'a', content: map.padEnd(512, '\0') + content },
    ]);
  test.each<[string, Uint8Array, string, Partial<TarLimits>?]>([
    ['more entries than may be', many, 'the tar has more than 10 entries', { entries: 10 }],
    [
      'headers without end that tell of no file',
      tarOf(Array.from({ length: 20 }, () => ({ type: 'x', name: 'x', content: paxRecord('mtime', '1') }))),
      'the tar has more than 10 entries',
      { entries: 10 },
    ],
    ['more bytes than may be', many, 'the tar is longer than 100 bytes', { bytes: 100 }],
    [
      'an extended header without end',
      header({ type: 'x', name: 'x', content: '', size: 2 ** 33 - 1 }),
      'an extended header of the tar is longer than 1048576 bytes',
    ],
    [
      'a GNU name without end',
      header({ type: 'L', name: 'x', content: '', size: 2 ** 33 - 1 }),
      'an extended header of the tar is longer than 1048576 bytes',
    ],
    [
      'a name that no file system takes',
      pax(paxRecord('path', 'n'.repeat(4097))),
      'a name in the tar is longer than 4096 characters',
    ],
    [
      'a link that no file system takes',
      pax(paxRecord('linkpath', 'n'.repeat(4097))),
      'a name in the tar is longer than 4096 characters',
    ],
    [
      'a header with a wrong checksum',
      many.map((byte, at) => (at === 3 ? 65 : byte)),
      'a header of the tar has a wrong checksum',
    ],
    [
      'a body that is cut',
      tarOf([{ type: '0', name: 'a', content: 'x'.repeat(600) }]).subarray(0, 900),
      'the tar ends in the middle of an entry',
    ],
    ['a header that is cut', many.subarray(0, 700), 'the tar ends in the middle of an entry'],
    [
      'a record that is longer than its header',
      pax('99 path=a\n'),
      'an extended header of the tar cannot be read',
    ],
    ['a record without an end', pax('11 path=abc'), 'an extended header of the tar cannot be read'],
    ['a record without a length', pax(' path=abc\n'), 'an extended header of the tar cannot be read'],
    [
      'a path with a NUL in it',
      pax(paxRecord('path', 'a\0b')),
      'an extended header of the tar cannot be read',
    ],
    ['a negative size', pax(paxRecord('size', '-1')), 'an entry of the tar has a size that cannot be read'],
    [
      'a size that is no number',
      pax(paxRecord('size', '0x10')),
      'an entry of the tar has a size that cannot be read',
    ],
    [
      'a size beyond all numbers',
      pax(paxRecord('size', '9'.repeat(30))),
      'an entry of the tar has a size that cannot be read',
    ],
    [
      'a sparse piece behind the end of its file',
      sparse('1\n10\n5\n', '12', 'abcde'),
      'the map of a sparse file in the tar cannot be read',
    ],
    [
      'sparse pieces that lie over one another',
      sparse('2\n0\n3\n2\n2\n', '12', 'abcde'),
      'the map of a sparse file in the tar cannot be read',
    ],
    [
      'a sparse piece of a negative length',
      sparse('2\n0\n-3\n2\n8\n', '12', 'abcde'),
      'the map of a sparse file in the tar cannot be read',
    ],
    [
      'fewer sparse bytes than the map says',
      sparse('1\n0\n6\n', '12', 'abcde'),
      'the map of a sparse file in the tar cannot be read',
    ],
    [
      'a sparse map that goes on behind its file',
      sparse('9\n', '12'),
      'the map of a sparse file in the tar cannot be read',
    ],
    [
      'a sparse file of more pieces than may be',
      sparse('99999\n', '12'),
      'a sparse file in the tar has more than 43690 pieces',
    ],
  ])('%s', (_title, bytes, why, within = {}) => {
    expect(list([bytes], { ...limits, ...within }).at(-1)).toBe(why);
    expect(list(cut(bytes, 7), { ...limits, ...within }).at(-1)).toBe(why);
  });

  test('a sparse map of a mebibyte, a block at a time, takes no time that grows with its square', () => {
    const numbers = `43000\n${'0\n0\n'.repeat(43_000)}`;
    const map = numbers.padEnd(Math.ceil(numbers.length / 512) * 512, '\0');
    const bytes = sparse(map, '12');
    expect(threadTime(() => expect(list([bytes])).toHaveLength(1))).toBeLessThan(1000);
  });

  test('a hole of an exabyte is told, not written', () => {
    const holes: number[] = [];
    const reader = createTarReader(limits, () => ({
      ok: true,
      value: { write: () => {}, hole: (length) => holes.push(length), end: () => {} },
    }));
    reader.write(sparse('1\n4000000000000000\n5\n', '9000000000000000', 'abcde'));
    expect(reader.end().ok).toBe(true);
    expect(holes).toEqual([4_000_000_000_000_000, 4_999_999_999_999_995]);
  });

  test('an error of the one who takes entries ends the reading', () => {
    const seen: string[] = [];
    const reader = createTarReader(limits, ({ name }) => {
      seen.push(name);
      return { ok: false, error: { kind: 'limit', why: 'enough' } };
    });
    expect(reader.write(many)).toEqual({ ok: false, error: { kind: 'limit', why: 'enough' } });
    expect(reader.write(many).ok).toBe(false);
    expect(seen).toEqual(['f0']);
  });
});

test('a block of zeros in a body is no end', () =>
  expect(
    names(
      tarOf(
        [
          { type: '0', name: 'a', content: '\0'.repeat(2048) },
          { type: '0', name: 'b', content: '' },
        ],
        2,
      ),
    ),
  ).toEqual(['a', 'b']));
