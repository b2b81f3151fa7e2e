import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ok } from '../../result.ts';
import { readSqliteTable } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Value = string | number | null | Uint8Array;
/** Node binds a number as a double. */
const bound = (value: Value): Value | bigint => (typeof value === 'number' ? BigInt(value) : value);
let files = 0;
/** A file that SQLite itself wrote. */
const fileWith = (rows: readonly (readonly Value[])[], pageSize = 4096, after = ''): Uint8Array => {
  const path = join(folder, String(++files));
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA page_size=${pageSize}; PRAGMA journal_mode=OFF`);
  database.exec('CREATE TABLE other (x); CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b)');
  database.exec('CREATE INDEX i ON t (a); BEGIN');
  const insert = database.prepare('INSERT INTO t (a, b) VALUES (?, ?)');
  for (const [a = null, b = null] of rows) insert.run(bound(a), bound(b));
  database.exec(`COMMIT; ${after}`);
  database.close();
  return readFileSync(path);
};
const read = (bytes: Uint8Array, maxRows = 100_000): unknown => {
  const rows: unknown[] = [];
  const whole = readSqliteTable(bytes, 't', maxRows, ([, ...values]) => {
    // The first column is the key, which SQLite does not store in the row.
    rows.push(values.map((value) => (value instanceof Uint8Array ? new Uint8Array(value) : value)));
    return ok(undefined);
  });
  return whole.ok ? rows : whole.error.kind;
};
const stored = (value: Value | undefined): unknown =>
  value instanceof Uint8Array ? new Uint8Array(value) : (value ?? undefined);
const plain = (rows: unknown): unknown =>
  Array.isArray(rows) ? rows.map((row: Value[]) => row.map(stored)) : rows;

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);

describe('files that SQLite wrote', () => {
  test.each([
    ['no row', []],
    [
      'small values',
      [
        [1, 'a'],
        [-1, 'ä€😀'],
        [null, new Uint8Array([1, 2, 3])],
        [65_536, -8_388_609],
      ],
    ],
    [
      'numbers of each length',
      [
        [127, 128],
        [32_767, 32_768],
        [2 ** 31, -(2 ** 31)],
        [2 ** 47, 2 ** 50],
        [0, 1],
      ],
    ],
    [
      'overflow pages',
      [
        [1, bytesOf(100_000)],
        [2, bytesOf(4061)],
        [3, bytesOf(4062)],
        [4, 'x'.repeat(20_000)],
      ],
    ],
    ['many pages', Array.from({ length: 5000 }, (_, at) => [at, `row ${at}`])],
  ])('%s', (_, rows) => {
    for (const pageSize of [512, 4096, 65_536])
      expect(plain(read(fileWith(rows as Value[][], pageSize)))).toEqual(rows.map((row) => row.map(stored)));
  });

  test('free pages and rows that were deleted', () => {
    const rows = Array.from({ length: 2000 }, (_, at): Value[] => [at, 'x'.repeat(300)]);
    const kept = read(fileWith(rows, 1024, 'DELETE FROM t WHERE a % 7 <> 0')) as unknown[];
    expect(kept).toHaveLength(Math.ceil(2000 / 7));
  });

  test('any rows', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.string({ unit: 'grapheme', maxLength: 2000 }).filter((text) => !text.includes('\0')),
      fc.uint8Array({ maxLength: 6000 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 30 }), (rows) => {
        expect(plain(read(fileWith(rows, 512)))).toEqual(rows.map((row) => row.map(stored)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('V5: files that nobody can trust', () => {
  const whole = fileWith(
    Array.from({ length: 300 }, (_, at) => [at, bytesOf(at * 10)]),
    512,
  );

  test('any damage ends in rows or in an error, never in an exception', () => {
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        for (const part of [bytes, bytes.subarray(0, length)])
          expect(['invalid', 'limit', 'object']).toContain(
            typeof read(part) === 'object' ? 'object' : read(part),
          );
      }),
      { numRuns: 300 },
    );
  });

  test('pages that name one another end', () => {
    const bytes = Uint8Array.from(whole);
    const view = new DataView(bytes.buffer);
    for (let page = 1; page < bytes.length / 512; page += 1)
      if (bytes[page * 512] === 0x05) view.setUint32(page * 512 + 8, page + 1);
    expect(read(bytes)).toBe('invalid');
  });

  test('more rows than may be', () => {
    expect(read(whole, 300)).toHaveLength(300);
    expect(read(whole, 299)).toBe('limit');
  });

  test('cells that lie over one another are not read as often as they are named', () => {
    const one = fileWith([[1, bytesOf(60_000)]], 65_536);
    const page = one.findIndex(
      (byte, at) => at > 0 && at % 65_536 === 0 && byte === 0x0d && one[at + 4] === 1,
    );
    const cell = new DataView(one.buffer, one.byteOffset).getUint16(page + 8);
    const view = new DataView(one.buffer, one.byteOffset);
    view.setUint16(page + 3, 1000);
    for (let at = 0; at < 1000; at += 1) view.setUint16(page + 8 + at * 2, cell);
    expect(read(one)).toBe('invalid');
  });

  test.each([
    ['no file', new Uint8Array(0)],
    ['another file', new Uint8Array(4096)],
    ['no such table', fileWith([[1, 2]], 512).map((byte) => (byte === 0x74 ? 0x75 : byte))],
  ])('%s', (_, bytes) => expect(read(bytes)).toBe('invalid'));
});
