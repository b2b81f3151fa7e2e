import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadGeneration } from '../../src/adapters/advisories/advisory-folder.ts';
import { compileOsvZip } from '../../src/adapters/advisories/osv-zip.ts';
import { readAttempts, type FeedAttempt } from '../../src/adapters/advisories/update/attempts.ts';
import { updateFeed } from '../../src/adapters/advisories/update/update-feed.ts';
import { bufferSource } from '../../src/files/zip/byte-source.ts';
import { createFeedClient } from '../../src/serve/advisories/feed-client.ts';
import { osvExport, osvRecord, osvZip, type PublishedRecord } from '../fakes/advisories.ts';
import { startFeedServer } from './feed-server.ts';
import { folderWith, imagegate } from './imagegate.ts';

const base = '/osv/PyPI/';
const zip = `${base}all.zip`;
const csv = `${base}modified_id.csv`;

type Records = readonly PublishedRecord[];
const record = (id: string, modified: string, more: object = {}): PublishedRecord => ({
  ...osvRecord(id, { ecosystem: 'PyPI', name: `package-of-${id.toLowerCase()}`, fixed: '2.0', modified }),
  id,
  modified,
  ...more,
});
const day = (number: number): string => `2026-11-${String(number).padStart(2, '0')}T00:00:00.123456Z`;

let server: Awaited<ReturnType<typeof startFeedServer>>;
let folder = '';
let now = Date.parse('2026-11-29T00:00:00Z');
let last: Records = [];

const publish = (records: Records): void => {
  for (const { id } of last) server.drop(`${base}${id}.json`);
  for (const [name, bytes] of osvExport(records)) server.put(base + name, bytes);
  last = records;
};
const update = async (): Promise<FeedAttempt> => {
  const feed = { name: 'osv', format: 'osv', url: `${server.url}/osv`, ecosystems: ['PyPI'] } as const;
  const client = createFeedClient([{ ...feed, ca: server.ca, allowPrivateAddress: true }], {}, {});
  server.asked.length = 0;
  try {
    const signal = new AbortController().signal;
    const updated = await updateFeed(feed, { folder, client, now: () => new Date(now), signal });
    if (!updated.ok || updated.value[0] === undefined) throw new Error('nothing was updated');
    return updated.value[0];
  } finally {
    await client.close();
  }
};
const asked = (): readonly string[] =>
  server.asked.map(({ path, status }) => `${path.slice(base.length)} ${status}`).sort();
const inForce = async () => {
  const loaded = await loadGeneration(folder);
  if (!loaded.ok) throw new Error(loaded.error.why);
  const [part] = loaded.value.generation.parts;
  return { digest: part?.digest, asOf: part?.asOf };
};
const digestOfZip = (records: Records): string => {
  const part = compileOsvZip(bufferSource(osvZip(...records)), 'PyPI', new Date(now));
  if (!part.ok) throw new Error(part.error.kind);
  return part.value.digest;
};
const many = Array.from({ length: 40 }, (_, at) => record(`X-${at + 1}`, day(1)));
const newest = record('N-1', day(2));
const first: Records = [...many, newest];
const changedRecord = record('X-7', day(3), { summary: 'now worse' });
const withChange: Records = first.map((one) => (one.id === 'X-7' ? changedRecord : one));

beforeEach(async () => {
  server = await startFeedServer();
  folder = join(folderWith({}), 'advisories');
  now = Date.parse('2026-11-29T00:00:00Z');
  last = [];
  publish(first);
  await update();
  now += 3_600_000;
});

describe('a feed that lists its changes', () => {
  test('is read whole at first', async () => {
    expect(asked()).toEqual(['all.zip 200']);
    expect(await readAttempts(folder)).toMatchObject([{ outcome: 'accepted', read: 'whole' }]);
    expect((await inForce()).digest).toBe(digestOfZip(first));
  });

  test('V15: is asked for what changed alone, and what is in force is what its whole file makes', async () => {
    publish([...withChange, record('N-2', day(4)), record('A-1', day(4))].filter(({ id }) => id !== 'X-9'));
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes', changed: 4 });
    expect(asked()).toEqual([
      'A-1.json 200',
      'N-2.json 200',
      'X-7.json 200',
      'X-9.json 404',
      'modified_id.csv 200',
    ]);
    expect(await inForce()).toEqual({ digest: digestOfZip(last), asOf: new Date(now).toISOString() });
    // Nothing changed since: one question, one short answer, and the feed is young.
    now += 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'changes', changed: 0 });
    expect(asked()).toEqual(['modified_id.csv 304']);
    expect(await inForce()).toEqual({ digest: digestOfZip(last), asOf: new Date(now).toISOString() });
  });

  test('V7: takes back what was withdrawn', async () => {
    publish(first.map((one) => (one.id === 'X-3' ? record('X-3', day(3), { withdrawn: day(3) }) : one)));
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes', changed: 1 });
    expect((await inForce()).digest).toBe(digestOfZip(last));
  });

  test('has nothing exchanged when only a time moved', async () => {
    publish(first.map((one) => (one.id === 'X-3' ? record('X-3', '2026-11-01T12:00:00Z') : one)));
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'changes', changed: 1 });
    now += 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', changed: 0 });
  });

  test('writes times otherwise in the list than in the record, and lines with two ends', async () => {
    publish(withChange);
    server.put(
      csv,
      Buffer.from(last.map(({ id, modified }) => `${modified.replace('Z', '000+00:00')},${id}\r\n`).join('')),
    );
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes', changed: 1 });
  });

  test('is read whole once a day, so that what went wrong does not stay', async () => {
    publish(withChange);
    await update();
    now += 24 * 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'whole' });
    expect(asked()).toEqual(['all.zip 200']);
    now += 24 * 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'whole' });
    expect(asked()).toEqual(['all.zip 304']);
    now += 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'changes' });
    // A clock that was ahead puts it off no longer.
    now -= 48 * 3_600_000;
    expect(await update()).toMatchObject({ read: 'whole' });
  });

  test('whose whole file lags behind is caught up with, and not taken back', async () => {
    publish(withChange);
    await update();
    const behind = osvZip(...first);
    server.put(zip, behind);
    now += 24 * 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'unchanged', read: 'whole' });
    expect(asked()).toEqual(['X-7.json 200', 'all.zip 200', 'modified_id.csv 200']);
    expect((await inForce()).digest).toBe(digestOfZip(withChange));
    // What lags behind on both roads is refused as ever.
    server.put(csv, Buffer.from(first.map(({ id, modified }) => `${modified},${id}\n`).join('')));
    now += 24 * 3_600_000;
    expect(await update()).toMatchObject({ outcome: 'refused', read: 'whole' });
    expect((await inForce()).digest).toBe(digestOfZip(withChange));
  });

  test('without a list is read whole as before, and nobody calls that a fault', async () => {
    server.drop(csv);
    const attempt = await update();
    expect(attempt).toMatchObject({ outcome: 'unchanged', read: 'whole' });
    expect(attempt).not.toHaveProperty('wholeBecause');
    expect(asked()).toEqual(['all.zip 304', 'modified_id.csv 404']);
  });
});

describe('V15, V16: changes that cannot be followed lead to the whole file, and it says why', () => {
  const listOf = (records: Records): string =>
    records.map(({ id, modified }) => `${modified},${id}\n`).join('');
  const putList = (text: string): void => server.put(csv, Buffer.from(text));

  test.each<[string, () => void | Promise<void>, RegExp]>([
    ['a list that breaks off', () => putList(listOf(withChange).slice(0, -1)), /has no end/],
    ['a page in its place', () => putList('<html>\n'), /row 1 .* is no time and id/],
    ['a row without a time', () => putList(`yesterday,X-1\n`), /has no time: "yesterday"/],
    [
      'a row of the year 1, which says nothing',
      () => putList(`0001-01-01T00:00:00Z,X-1\n`),
      /has no time: "0001/,
    ],
    ['a row twice', () => putList(listOf([...withChange, ...first.slice(0, 1)])), /lists X-1 again/],
    [
      'an id that is a path',
      () => putList(`${listOf(withChange)}${day(4)},../../secret\n`),
      /is no time and id/,
    ],
    [
      'a list that is older than what is in force',
      () => putList(listOf(withChange.map((one) => (one.id === 'N-1' ? record('N-1', day(1)) : one)))),
      /older than what is in force: N-1/,
    ],
    [
      'a record that is not there',
      () => putList(`${listOf(withChange)}${day(4)},X-99\n`),
      /X-99 is listed, and is not there/,
    ],
    [
      'a row that is left out',
      () => putList(listOf(withChange.filter(({ id }) => id !== 'X-5'))),
      /does not list X-5, which is there/,
    ],
    [
      'another time in the record than in the list',
      () => server.put(`${base}X-7.json`, Buffer.from(JSON.stringify(record('X-7', day(4))))),
      /X-7 is of 2026-11-04.*says 2026-11-03/,
    ],
    [
      'the record as it was before',
      () => server.put(`${base}X-7.json`, Buffer.from(JSON.stringify(many[6]))),
      /X-7 is of 2026-11-01/,
    ],
    [
      'another record in its place',
      () => server.put(`${base}X-7.json`, Buffer.from(JSON.stringify(record('X-8', day(3))))),
      /X-7 is another record/,
    ],
    ['a record that is cut off', () => server.spoil(`${base}X-7.json`, { kind: 'cut', bytes: 20 }), /^X-7: /],
    [
      'a record that the server refuses',
      () => server.spoil(`${base}X-7.json`, { kind: 'status', status: 403 }),
      /^X-7: .* answers 403/,
    ],
    [
      'a list that the server refuses',
      () => server.spoil(csv, { kind: 'status', status: 403 }),
      /answers 403/,
    ],
    [
      'a list that was never read and is "unchanged"',
      () => server.spoil(csv, { kind: 'status', status: 304 }),
      /"unchanged" of what was never read/,
    ],
    [
      'records of the last update that are lost',
      () => {
        for (const name of readdirSync(join(folder, 'parts')))
          if (name.endsWith('.records')) rmSync(join(folder, 'parts', name));
      },
      /records of the last update cannot be read/,
    ],
    [
      'records of the last update that somebody changed',
      () => {
        for (const name of readdirSync(join(folder, 'parts')))
          if (name.endsWith('.records')) writeFileSync(join(folder, 'parts', name), 'x');
      },
      /cannot be read: damaged/,
    ],
  ])('%s', async (_, spoil, why) => {
    publish(withChange);
    await spoil();
    const attempt = await update();
    expect(attempt).toMatchObject({ outcome: 'accepted', read: 'whole' });
    expect(attempt.wholeBecause).toMatch(why);
    expect((await inForce()).digest).toBe(digestOfZip(withChange));
  });

  test('more changes than are worth asking for one by one', async () => {
    publish([...first, ...Array.from({ length: 51 }, (_, at) => record(`M-${at}`, day(3)))]);
    const attempt = await update();
    expect(attempt).toMatchObject({ outcome: 'accepted', read: 'whole' });
    expect(attempt.wholeBecause).toMatch(/51 records changed, more than 50/);
    expect(asked()).toEqual(['all.zip 200', 'modified_id.csv 200']);
  });

  test('records that are too large together', async () => {
    const details = 'x'.repeat(5 * 1024 * 1024);
    publish([...first, ...Array.from({ length: 8 }, (_, at) => record(`M-${at}`, day(3), { details }))]);
    const attempt = await update();
    expect(attempt).toMatchObject({ outcome: 'accepted', read: 'whole' });
    expect(attempt.wholeBecause).toMatch(/more than 33554432 bytes/);
  });

  test('and when that fails too, the last good stays, is no younger, and both are told', async () => {
    const before = await inForce();
    publish(withChange);
    server.spoil(`${base}X-7.json`, { kind: 'status', status: 403 });
    server.spoil(zip, { kind: 'status', status: 403 });
    const attempt = await update();
    expect(attempt).toMatchObject({ outcome: 'failed' });
    expect(attempt.why).toMatch(/answers 403/);
    expect(attempt.wholeBecause).toMatch(/X-7/);
    expect(await inForce()).toEqual(before);
    // The fault is over: what changed is asked for again.
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes', changed: 1 });
    expect((await inForce()).digest).toBe(digestOfZip(withChange));
  });

  test('a part in force that somebody changed is not built upon', async () => {
    publish(withChange);
    for (const name of readdirSync(join(folder, 'parts')))
      if (name.endsWith('.texts')) writeFileSync(join(folder, 'parts', name), 'x');
    const attempt = await update();
    expect(attempt.wholeBecause).toMatch(/damaged/);
    expect((await inForce()).digest).toBe(digestOfZip(withChange));
  });
});

describe('V15: what is refused of a whole file is refused of changes', () => {
  test('a tenth of all records that is gone', async () => {
    const before = await inForce();
    publish(first.slice(5));
    expect(await update()).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/^smaller/) as string,
      read: 'changes',
    });
    expect(await inForce()).toEqual(before);
    // Also bit by bit, within thirty days.
    publish(first.slice(2));
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes', changed: 2 });
    publish(first.slice(4));
    expect(await update()).toMatchObject({ outcome: 'accepted', read: 'changes' });
    publish(first.slice(5));
    expect(await update()).toMatchObject({ outcome: 'refused', read: 'changes' });
  });

  test('a newest record that is gone', async () => {
    publish(many);
    expect(await update()).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/^older/) as string,
    });
  });
});

test('what is in force after any changes is what the whole file makes, whichever road led there (property)', async () => {
  const step = fc.array(
    fc.record({
      what: fc.constantFrom('add', 'change', 'withdraw', 'remove'),
      which: fc.nat({ max: 47 }),
    }),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      // Nothing of the last run is in force.
      folder = join(folderWith({}), 'advisories');
      let records = new Map(first.map((one) => [one.id, one]));
      publish(first);
      await update();
      let roads = 0;
      for (const [at, changes] of steps.entries()) {
        records = new Map(records);
        for (const { what, which } of changes) {
          const id = `X-${which + 1}`;
          const time = `2026-11-1${at}T00:00:0${which % 10}Z`;
          if (what === 'remove') records.delete(id);
          else
            records.set(
              id,
              record(id, time, what === 'withdraw' ? { withdrawn: time } : { summary: what + at }),
            );
        }
        records.set('N-1', record('N-1', `2026-11-1${at}T00:01:00Z`));
        publish([...records.values()]);
        now += 60_000;
        const before = (await inForce()).digest;
        const { outcome, read } = await update();
        roads += read === 'changes' ? 1 : 0;
        expect((await inForce()).digest).toBe(outcome === 'refused' ? before : digestOfZip(last));
      }
      expect(roads).toBe(steps.length);
    }),
    { numRuns: 8 },
  );
});

test('the command tells what was read, and why it was not only what changed', async () => {
  const cwd = folderWith({
    'ca.crt': server.ca,
    'gate.yaml': `advisories: [{ name: osv, format: osv, url: '${server.url}/osv', ecosystems: [PyPI], caFile: ca.crt, allowPrivateAddress: true }]\n`,
  });
  folder = join(cwd, '.imagegate/advisories');
  const run = (...words: readonly string[]) => imagegate(['advisories', ...words], { cwd });
  expect((await run('update', '--config', 'gate.yaml')).stdout).toMatch(/^accepted +whole +osv/m);
  publish(withChange);
  expect((await run('update', '--config', 'gate.yaml')).stdout).toMatch(/^accepted +1 changed +osv/m);
  expect((await run('status')).stdout).toMatch(/WHOLE +UPDATE\n.* 0m +accepted/);
  const status = await run('status', '-o', 'json');
  expect(JSON.parse(status.stdout)).toMatchObject({
    items: [
      { wholeAgeSeconds: expect.any(Number) as number, lastUpdate: { read: 'changes', changedRecords: 1 } },
    ],
  });
  server.put(csv, Buffer.from('<html>\n'));
  const ended = await run('update', '--config', 'gate.yaml', '-o', 'json');
  expect(ended).toMatchObject({
    code: 0,
    stderr:
      'imagegate: osv PyPI: all of it was asked for, not only what changed: row 1 of modified_id.csv is no time and id\n',
  });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    items: [{ read: 'whole', wholeBecause: expect.any(String) as string }],
  });
});
