import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bufferSource, fileSource } from './byte-source.ts';
import { readZipDirectory, type ZipLimits } from './zip-directory.ts';
import { readZipEntry } from './zip-entry.ts';

const limits: ZipLimits = {
  entries: 1000,
  entryBytes: 1024 * 1024,
  totalBytes: 4 * 1024 * 1024,
  directoryBytes: 1024 * 1024,
  ratio: 200,
};

interface Written {
  name: string;
  content: Buffer;
  /** What the directory says in place of the truth. */
  flags?: number;
  method?: number;
  size?: number;
  localName?: string;
  start?: number;
  disk?: number;
  data?: Buffer;
}
interface Options {
  zip64?: boolean;
  comment?: string;
  count?: number;
  disk?: number;
}

const bytesOf = (fields: readonly (readonly [2 | 4 | 8, number])[]): Buffer =>
  Buffer.concat(
    fields.map(([length, value]) => {
      const bytes = Buffer.alloc(length);
      if (length === 8) bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeUIntLE(value, 0, length);
      return bytes;
    }),
  );

/** The local entry and the row of the directory, as the specification says (APPNOTE 4.3), with the lies asked for. */
const writeEntry = (entry: Written, at: number, zip64: boolean): { local: Buffer; row: Buffer } => {
  const { name, content, flags = 0, method = 8, start = at, size = content.length, disk = 0 } = entry;
  const data = entry.data ?? (method === 8 ? deflateRawSync(content) : content);
  const localName = Buffer.from(entry.localName ?? name);
  const sizes = [
    [4, data.length],
    [4, size],
  ] as const;
  const begin = [
    [2, flags],
    [2, method],
    [4, 0],
    [4, crc32(content)],
  ] as const;
  const extra = zip64
    ? bytesOf([
        [2, 1],
        [2, 24],
        [8, size],
        [8, data.length],
        [8, start],
      ])
    : Buffer.alloc(0);
  const shown = zip64
    ? ([
        [4, 0xffffffff],
        [4, 0xffffffff],
      ] as const)
    : sizes;
  const lengths = [
    [2, Buffer.byteLength(name)],
    [2, extra.length],
    [2, 0],
    [2, disk],
    [2, 0],
    [4, 0],
  ] as const;
  const place = [4, zip64 ? 0xffffffff : start] as const;
  return {
    local: Buffer.concat([
      bytesOf([[4, 0x04034b50], [2, 20], ...begin, ...sizes, [2, localName.length], [2, 0]]),
      localName,
      data,
    ]),
    row: Buffer.concat([
      bytesOf([[4, 0x02014b50], [2, 45], [2, 20], ...begin, ...shown, ...lengths, place]),
      Buffer.from(name),
      extra,
    ]),
  };
};

const writeEnd = (
  count: number,
  size: number,
  at: number,
  { zip64, comment = '', disk = 0 }: Options,
): Buffer => {
  const last = [2, comment.length] as const;
  const end = zip64
    ? [
        bytesOf([
          [4, 0x06064b50],
          [8, 44],
          [2, 45],
          [2, 45],
          [4, disk],
          [4, 0],
          [8, count],
          [8, count],
          [8, size],
          [8, at],
        ]),
        bytesOf([
          [4, 0x07064b50],
          [4, 0],
          [8, at + size],
          [4, 1],
        ]),
        bytesOf([[4, 0x06054b50], [8, 2 ** 53 - 1], [4, 0xffffffff], [4, 0xffffffff], last]).fill(
          0xff,
          4,
          20,
        ),
      ]
    : [bytesOf([[4, 0x06054b50], [2, disk], [2, disk], [2, count], [2, count], [4, size], [4, at], last])];
  return Buffer.concat([...end, Buffer.from(comment)]);
};

const zip = (entries: readonly Written[], options: Options = {}): Buffer => {
  const locals: Buffer[] = [];
  const rows: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { local, row } = writeEntry(entry, at, options.zip64 === true);
    locals.push(local);
    rows.push(row);
    at += local.length;
  }
  const size = rows.reduce((sum, row) => sum + row.length, 0);
  return Buffer.concat([...locals, ...rows, writeEnd(options.count ?? entries.length, size, at, options)]);
};

const file = (name: string, content = name): Written => ({ name, content: Buffer.from(content) });

const readAll = (bytes: Buffer, within = limits): Record<string, string> | string => {
  const source = bufferSource(bytes);
  const directory = readZipDirectory(source, within);
  if (!directory.ok) return directory.error.kind;
  const contents: Record<string, string> = {};
  for (const entry of directory.value) {
    const content = readZipEntry(source, entry);
    if (!content.ok) return content.error.kind;
    contents[entry.name] = content.value.toString();
  }
  return contents;
};

describe('an archive', () => {
  test.each([
    ['plain', {}],
    ['zip64', { zip64: true }],
    ['with a comment', { comment: 'a comment' }],
    ['zip64 with a comment', { zip64: true, comment: 'PK' }],
  ])('%s gives each entry whole', (_, options) => {
    const stored = { ...file('stored.txt'), method: 0 };
    expect(readAll(zip([file('a.json', 'aaa'.repeat(50)), stored, file('empty', '')], options))).toEqual({
      'a.json': 'aaa'.repeat(50),
      'stored.txt': 'stored.txt',
      empty: '',
    });
  });

  test.each(['AlmaLinux', 'Go', 'PyPI'])('of somebody else, %s, is read, from a file too', (name) => {
    const path = join(import.meta.dirname, `../../../test/fixtures/advisories/${name}.zip`);
    const contents = readAll(readFileSync(path));
    expect(Object.keys(contents).length).toBeGreaterThanOrEqual(24);
    const source = fileSource(openSync(path, 'r'));
    const directory = readZipDirectory(source, limits);
    if (!directory.ok) throw new Error(directory.error.kind);
    for (const entry of directory.value) {
      const content = readZipEntry(source, entry);
      expect(content.ok && content.value.toString()).toBe(Object(contents)[entry.name]);
      expect(content.ok && JSON.parse(content.value.toString())).toMatchObject({
        id: entry.name.replace(/\.json$/, ''),
      });
    }
  });

  test('without entries is empty', () => {
    expect(readAll(zip([]))).toEqual({});
  });

  test('whatever it holds is read back (property)', () => {
    const entry = fc.record({
      name: fc.stringMatching(/^[a-z]{1,8}\.json$/),
      content: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      method: fc.constantFrom(0, 8),
    });
    const entries = fc.uniqueArray(entry, { maxLength: 8, selector: ({ name }) => name });
    fc.assert(
      fc.property(entries, fc.boolean(), fc.string({ maxLength: 20 }), (written, zip64, comment) => {
        const source = bufferSource(zip(written, { zip64, comment: comment.replaceAll(/[^ -~]/g, '') }));
        const directory = readZipDirectory(source, limits);
        expect(
          directory.ok && directory.value.map((found) => [found.name, readZipEntry(source, found)]),
        ).toEqual(written.map(({ name, content }) => [name, { ok: true, value: content }]));
      }),
    );
  });
});

describe('a hostile archive is refused whole', () => {
  const two = [file('a'), file('b')];
  const bomb = Buffer.alloc(1024 * 1024);
  const streamAndMore = Buffer.concat([deflateRawSync(Buffer.from('x')), Buffer.from('more')]);
  test.each<[string, string, Buffer, Partial<ZipLimits>?]>([
    ['is no archive', 'not-zip', Buffer.from('{"id":"PYSEC-1"} and some more bytes')],
    ['is empty', 'not-zip', Buffer.alloc(0)],
    ['was cut off in its entries', 'truncated', zip(two).subarray(0, 40)],
    ['was cut off in its end record', 'truncated', zip(two).subarray(0, -1)],
    ['has bytes before it', 'damaged', Buffer.concat([Buffer.from('#!/bin/sh\n'), zip(two)])],
    ['has bytes after it', 'truncated', Buffer.concat([zip(two), Buffer.from('more')])],
    ['says that it has more entries', 'damaged', zip(two, { count: 3 })],
    ['says that it has fewer entries', 'damaged', zip(two, { count: 1 })],
    ['is one of several disks', 'split', zip(two, { disk: 1 })],
    ['is one of several disks, in zip64', 'split', zip(two, { disk: 1, zip64: true })],
    ['has an entry on another disk', 'split', zip([{ ...file('a'), disk: 2 }])],
    ['is encrypted', 'encrypted', zip([{ ...file('a'), flags: 1 }])],
    ['has a masked directory', 'encrypted', zip([{ ...file('a'), flags: 0x2000 }])],
    ['is compressed in another way', 'unsupported', zip([{ ...file('a'), method: 14 }])],
    ['leads out by dots', 'unsafe-name', zip([file('../a')])],
    ['leads out by dots inside', 'unsafe-name', zip([file('x/../../a')])],
    ['leads out by its root', 'unsafe-name', zip([file('/etc/passwd')])],
    ['leads out as Windows writes it', 'unsafe-name', zip([file('..\\a')])],
    ['names a drive', 'unsafe-name', zip([file('C:a')])],
    ['has a name with a zero byte', 'unsafe-name', zip([file('a\0.json')])],
    ['has no name', 'unsafe-name', zip([file('')])],
    ['has one name twice', 'duplicate-name', zip([file('a'), file('a', 'other')])],
    ['has another name in the entry', 'damaged', zip([{ ...file('a'), localName: 'b' }])],
    ['has entries that share their data', 'overlap', zip([file('a'), { ...file('b'), start: 0 }])],
    ['has an entry past its directory', 'overlap', zip([{ ...file('a'), start: 10_000 }])],
    ['says a smaller size', 'damaged', zip([{ ...file('a', 'aaaa'), size: 2 }])],
    ['says a larger size', 'damaged', zip([{ ...file('a', 'aaaa'), size: 9 }])],
    [
      'has other bytes than its checksum',
      'damaged',
      zip([{ ...file('a'), data: deflateRawSync(Buffer.from('b')) }]),
    ],
    ['has bytes after the stream', 'damaged', zip([{ ...file('a', 'x'), data: streamAndMore }])],
    [
      'has a stream that breaks off',
      'damaged',
      zip([{ ...file('a'), data: deflateRawSync(Buffer.from('a')).subarray(0, 1) }]),
    ],
    ['has too many entries', 'too-large', zip(two), { entries: 1 }],
    ['has too large a directory', 'too-large', zip(two), { directoryBytes: 20 }],
    ['has too large an entry', 'too-large', zip([file('a', 'x'.repeat(100))]), { entryBytes: 99 }],
    ['has entries too large together', 'too-large', zip(two), { totalBytes: 1 }],
    ['is a bomb', 'too-large', zip([{ name: 'bomb', content: bomb }])],
    ['is a bomb that says it is small', 'damaged', zip([{ name: 'bomb', content: bomb, size: 100 }])],
  ])('that %s: %s', (_, kind, bytes, within = {}) => {
    expect(readAll(bytes, { ...limits, ...within })).toBe(kind);
  });

  test('never throws and never gives other bytes, whichever byte is changed (property)', () => {
    const whole = zip([file('a.json', 'aaaaaaaaaa'), file('b.json', 'b')], { zip64: true });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ change;
        const contents = readAll(changed);
        if (typeof contents === 'string') return;
        for (const content of Object.values(contents)) expect(['aaaaaaaaaa', 'b']).toContain(content);
      }),
      { numRuns: 2000 },
    );
  });

  test('never throws, wherever it is cut (property)', () => {
    const whole = zip([file('a.json', 'aaaaaaaaaa'), file('b.json', 'b')], { zip64: true });
    for (let length = 0; length < whole.length; length += 1)
      expect(readAll(whole.subarray(0, length))).toMatch(/^(not-zip|truncated|damaged)$/);
  });

  test('a file that shrinks while it is read is truncated', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    const path = join(folder, 'all.zip');
    writeFileSync(path, zip([file('a.json', 'aaaaaaaaaa')]));
    const source = fileSource(openSync(path, 'r'));
    const directory = readZipDirectory(source, limits);
    writeFileSync(path, 'PK');
    const [entry] = directory.ok ? directory.value : [];
    expect(entry && readZipEntry(source, entry)).toMatchObject({ ok: false, error: { kind: 'truncated' } });
    rmSync(folder, { recursive: true });
  });
});
