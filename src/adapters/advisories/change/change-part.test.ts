import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { readAdvisory } from '../../../core/vulnerability/read-advisory.ts';
import { bufferSource } from '../../../files/zip/byte-source.ts';
import { readZipDirectory } from '../../../files/zip/zip-directory.ts';
import { readZipEntry } from '../../../files/zip/zip-entry.ts';
import { changePart, type PartOfRecords } from './change-part.ts';
import { compilePart, type Part, type ReadRecord } from '../compile-part.ts';
import { osvZipLimits } from '../osv-zip.ts';
import { readPartContents } from './part-contents.ts';
import {
  createRecordList,
  readRecordList,
  recordFile,
  writeRecordList,
  type ListedRecord,
} from './record-list.ts';

const at = new Date('2026-11-29T00:00:00Z');

/** What a server publishes: the bytes of each record by its id. */
type Published = ReadonlyMap<string, string>;

interface Compiled {
  readonly part: Part;
  readonly records: readonly ListedRecord[];
}
const compileWhole = (published: Published, ecosystem: string): Compiled => {
  const list = createRecordList();
  const sorted = [...published.keys()].map(recordFile).sort((one, other) => (one < other ? -1 : 1));
  const part = compilePart(
    sorted.map((name) => ({ name, bytes: Buffer.from(published.get(name.slice(0, -5)) ?? '') })),
    ecosystem,
    at,
    list.onState,
  );
  const records = list.records();
  if (records === undefined) throw new Error('records without names');
  return { part, records };
};

/** As it is read back from the disk. */
const reopened = ({ part, records }: Compiled): PartOfRecords => {
  const contents = readPartContents(part);
  const read = readRecordList(writeRecordList(records));
  if (!contents.ok || read === undefined) throw new Error('what was written cannot be read');
  return { contents: contents.value, records: read };
};

const readRecord = (id: string, text: string): ReadRecord => ({
  name: recordFile(id),
  record: readAdvisory(parseJson(text)),
});
const changesBetween = (before: Published, next: Published) =>
  new Map(
    [...new Set([...before.keys(), ...next.keys()])]
      .filter((id) => before.get(id) !== next.get(id))
      .map((id) => {
        const text = next.get(id);
        return [id, text === undefined ? undefined : readRecord(id, text)] as const;
      }),
  );

/** By steps, each made of the one before. */
const follow = (steps: readonly Published[], ecosystem: string): void => {
  let known = compileWhole(new Map(), ecosystem);
  let before: Published = new Map();
  for (const next of steps) {
    known = changePart(reopened(known), changesBetween(before, next), ecosystem, at);
    const whole = compileWhole(next, ecosystem);
    expect(known.records).toEqual(whole.records);
    expect(known.part.summary).toEqual(whole.part.summary);
    expect(known.part.index.equals(whole.part.index)).toBe(true);
    expect(known.part.texts.equals(whole.part.texts)).toBe(true);
    expect(known.part.digest).toBe(whole.part.digest);
    before = next;
  }
};

const name = fc.constantFrom('a', 'b', 'C', 'c', 'd-e', 'd_e', 'ü');
const version = fc.constantFrom('1.0', '1.1', '2.0', '2.0rc1', '10');
const affected = fc.record({
  package: fc.record({ ecosystem: fc.constantFrom('PyPI', 'PyPI', 'PyPI:x', 'npm'), name }),
  ranges: fc.array(
    fc.record({
      type: fc.constantFrom('ECOSYSTEM', 'GIT'),
      events: fc.constantFrom([{ introduced: '0' }, { fixed: '1.1' }], [{ introduced: '0' }], []),
    }),
    { maxLength: 2 },
  ),
  versions: fc.uniqueArray(version),
  severity: fc.constantFrom([], [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }]),
});
const modified = fc.constantFrom(
  '2026-01-01T00:00:00Z',
  '2026-02-01T00:00:00.123456Z',
  '2026-03-01T00:00:00Z',
  '2099-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  'soon',
);
const recordText = (id: string) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .record({
          modified,
          withdrawn: fc.constantFrom(undefined, undefined, undefined, '2026-01-02T00:00:00Z'),
          summary: fc.string(),
          aliases: fc.constantFrom(undefined, ['CVE-2026-0001'], ['CVE-2026-0002', 'GHSA-x']),
          affected: fc.array(affected, { maxLength: 3 }),
        })
        .map((fields) => JSON.stringify({ id, ...fields })),
    },
    {
      weight: 1,
      arbitrary: fc.constant(JSON.stringify({ id, modified: '2026-01-01T00:00:00Z', aliases: 7 })),
    },
    { weight: 1, arbitrary: fc.constant('{') },
  );
/** Ids of which one begins with another sort otherwise than their files. */
const id = fc.constantFrom('X-1', 'X-1-2', 'X-1.5', 'X-10', 'X-2', 'A-1', 'Z', 'Z0', 'GO-2026-0001');
const published = fc
  .uniqueArray(id)
  .chain((ids) => fc.tuple(...ids.map((one) => recordText(one).map((text) => [one, text] as const))))
  .map((records) => new Map(records));

describe('a part that is made of the one before and of what changed', () => {
  test('is the part of all records, byte for byte, after any changes (property)', () => {
    fc.assert(
      fc.property(fc.array(published, { minLength: 1, maxLength: 5 }), (steps) => follow(steps, 'PyPI')),
    );
  });

  test('is it too where texts fill many blocks, whichever record comes, goes or changes', () => {
    const idOf = (number: number): string => `X-${String(number).padStart(4, '0')}`;
    const record = (number: number, more: object = {}): string =>
      JSON.stringify({
        id: idOf(number),
        summary: `about ${number}`,
        affected: [
          { package: { ecosystem: 'npm', name: `p${number % 40}` }, versions: [`${number}.0`, '1.0'] },
        ],
        ...more,
      });
    const all = new Map(Array.from({ length: 700 }, (_, at) => [idOf(at * 2), record(at * 2)]));
    const put = (before: Published, ...numbers: readonly number[]): Published =>
      new Map([...before, ...numbers.map((one) => [idOf(one), record(one, { summary: 'new' })] as const)]);
    const without = (before: Published, ...numbers: readonly number[]): Published =>
      new Map([...before].filter(([one]) => !numbers.map(idOf).includes(one)));
    follow(
      [
        all,
        put(all, 600),
        put(all, 600, 1399),
        put(all, 601),
        without(all, 0),
        without(all, 1398, 512),
        put(without(all, 2, 4), 3, 5),
        new Map([...all, [idOf(8), record(8, { withdrawn: '2026-01-01T00:00:00Z' })]]),
        all,
      ],
      'npm',
    );
  });

  test.each(['AlmaLinux', 'Go', 'PyPI'])('is it of real advisories of %s that come and go', (ecosystem) => {
    const source = bufferSource(
      readFileSync(join(import.meta.dirname, `../../../../test/fixtures/advisories/${ecosystem}.zip`)),
    );
    const directory = readZipDirectory(source, osvZipLimits);
    if (!directory.ok) throw new Error(directory.error.kind);
    const records = directory.value.map((entry) => {
      const bytes = readZipEntry(source, entry);
      return [entry.name.slice(0, -5), bytes.ok ? bytes.value.toString('utf8') : ''] as const;
    });
    const some = (of: number, which: number): Published =>
      new Map(records.filter((_, index) => index % of !== which));
    follow([some(2, 0), some(2, 1), some(3, 0), some(1, 1), some(5, 2)], ecosystem);
  });
});

test('a list of records that is damaged, or of another version, is none', () => {
  const { records } = compileWhole(new Map([['X-1', '{}']]), 'npm');
  const bytes = writeRecordList(records);
  expect(readRecordList(bytes)).toEqual(records);
  expect(readRecordList(bytes.subarray(0, -1))).toBeUndefined();
  expect(readRecordList(Buffer.from('{}'))).toBeUndefined();
});

test('records whose files are not named by their ids cannot be asked for one by one', () => {
  const listOf = (name: string, text: string): readonly ListedRecord[] | undefined => {
    const list = createRecordList();
    compilePart([{ name, bytes: Buffer.from(text) }], 'npm', at, list.onState);
    return list.records();
  };
  expect(listOf('X-1.json', '{"id":"X-1"}')).toHaveLength(1);
  for (const [name, text] of [
    ['X-1.json', '{"id":"X-2"}'],
    ['a/X-1.json', '{"id":"a/X-1"}'],
    ['..json', '{'],
    ['X 1.json', '{"id":"X 1"}'],
  ] as const)
    expect(listOf(name, text)).toBeUndefined();
});
