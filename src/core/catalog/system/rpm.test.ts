import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readRpmHeader, rpmNumbers, rpmTexts } from './rpm-header.ts';
import { readRpmDatabase } from './rpm.ts';
import type { SystemPackage } from './system-package.ts';

const fixtures = resolve(import.meta.dirname, '../../../../test/fixtures/rpmdb');
const written = readFileSync(join(fixtures, 'rpmdb.sqlite'));

const listed = (database: Uint8Array): readonly SystemPackage[] => {
  const read = readRpmDatabase(database);
  if (!read.ok) throw new Error(read.error.why);
  return read.value.packages;
};

describe('a database that rpm wrote', () => {
  const lines = readFileSync(join(fixtures, 'rpm-qa.tsv'), 'utf8').split('\n').slice(0, -1);
  test.each(lines.map((line) => line.split('\t')))(
    '%s %s is as rpm lists it',
    (name, evr, architecture, sourceRpm, label, files) => {
      const found = listed(written).find((one) => one.name === name);
      // rpm shows an epoch of 0 that was written down; to compare versions it is no other than none.
      expect(found?.version).toBe(evr?.replace(/^0:/, ''));
      expect(found?.architecture).toBe(architecture);
      expect(`${found?.source?.name}-${found?.source?.version}.src.rpm`).toBe(sourceRpm);
      expect(found?.module ?? '').toBe(label);
      expect(found?.files?.map((file) => `/${file} `).join('')).toBe(files);
    },
  );

  test('holds nothing else: keys are no packages', () => {
    expect(listed(written)).toHaveLength(lines.length);
  });
});

type Tag = readonly [tag: number, type: number, values: readonly (string | number)[]];
/** A header with these tags, as rpm writes it. */
const headerOf = (tags: readonly Tag[]): Uint8Array => {
  const index: number[] = [];
  const data: Buffer[] = [];
  let length = 0;
  for (const [tag, type, values] of tags) {
    index.push(tag, type, length, values.length);
    for (const value of values) {
      const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
      if (typeof value === 'number') bytes.writeUInt32BE(value);
      data.push(bytes);
      length += bytes.length;
    }
  }
  const head = Buffer.alloc(8 + index.length * 4);
  for (const [at, value] of [tags.length, length, ...index].entries()) head.writeUInt32BE(value, at * 4);
  return Buffer.concat([head, ...data]);
};
const bare: readonly Tag[] = [
  [1000, 6, ['a']],
  [1001, 6, ['1']],
  [1002, 6, ['2']],
];

const folder = mkdtempSync(join(tmpdir(), 'rpm-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const databaseOf = (headers: readonly Uint8Array[]): Uint8Array => {
  const path = join(folder, String(++files));
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
  for (const header of headers) insert.run(header);
  database.close();
  return readFileSync(path);
};

describe('headers', () => {
  test.each<[string, readonly Tag[], Partial<SystemPackage>]>([
    ['an epoch', [...bare, [1003, 4, [3]]], { version: '3:1-2' }],
    ['an epoch of nothing', [...bare, [1003, 4, [0]]], { version: '1-2' }],
    [
      'a source',
      [...bare, [1044, 6, ['b-c-1.0-3.el9.src.rpm']]],
      { source: { name: 'b-c', version: '1.0-3.el9' } },
    ],
    ['a source that is no name', [...bare, [1044, 6, ['b.src.rpm']]], {}],
    [
      'files in folders, one of a folder that is not there',
      [...bare, [1116, 4, [1, 0, 7]], [1117, 8, ['x', 'y', 'z']], [1118, 8, ['/usr/bin/', '/etc/']]],
      { files: ['etc/x', 'usr/bin/y', 'z'] },
    ],
    ['a list of files that is cut', [...bare, [1117, 8, ['x']], [1118, 4, [1]]], { files: ['x'] }],
  ])('%s', (_, tags, want) => {
    expect(listed(databaseOf([headerOf(tags)]))).toEqual([{ name: 'a', version: '1-2', files: [], ...want }]);
  });

  test('what cannot be read is told', () => {
    const read = readRpmDatabase(
      databaseOf([headerOf(bare.slice(0, 2)), Buffer.from('no header'), headerOf(bare)]),
    );
    expect(read.ok && read.value.packages).toHaveLength(1);
    expect(read.ok && read.value.unknown).toEqual(['a', 'a package whose header cannot be read']);
  });

  test('V5: long folders before many names are not put together', () => {
    const names = Array.from({ length: 1000 }, (_, at) => String(at));
    const tags: readonly Tag[] = [
      ...bare,
      [1116, 4, names.map(() => 0)],
      [1117, 8, names],
      [1118, 8, [`/${'x'.repeat(100_000)}/`]],
    ];
    expect(listed(databaseOf([headerOf(tags)]))[0]?.files).toEqual([]);
  });

  test('V5: more names of files than fit into memory end the reading', () => {
    const names = Array.from({ length: 100_000 }, (_, at) => String(at));
    const folder = `/${'x'.repeat(200)}/`;
    const header = headerOf([...bare, [1116, 4, names.map(() => 0)], [1117, 8, names], [1118, 8, [folder]]]);
    expect(readRpmDatabase(databaseOf([header]))).toMatchObject({ ok: true });
    expect(readRpmDatabase(databaseOf([header, header, header]))).toMatchObject({ error: { kind: 'limit' } });
  });

  test('V5: any bytes are a header or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (bytes, tags) => {
        if (bytes.length > 8) bytes.set([0, 0, 0, tags, 0, 0, 0, bytes.length % 64]);
        const header = readRpmHeader(bytes);
        for (const tag of header?.index.keys() ?? []) {
          rpmTexts(header!, tag);
          rpmNumbers(header!, tag);
        }
        expect(header === undefined || header.data.length <= bytes.length).toBe(true);
      }),
    );
  });
});
