/** Layers that were made to hurt who reads them, each as far as a limit lets it. Written piece by piece: some are huge. */
import { maxDatabaseBytes, maxNpmBytes } from '../../src/core/catalog/choose-file.ts';
import { maxLayerEntries } from '../../src/serve/catalog/registry-cataloger.ts';
import { inlineBlob, elfOf } from '../fakes/go-program.ts';
import { header, paxRecord, tarOf, type Written } from '../fakes/tar-writer.ts';

export interface HostileLayer {
  readonly name: string;
  /** Each piece becomes a member of gzip, or a frame of zstd. */
  readonly pack: 'gzip' | 'zstd';
  readonly pieces: () => Iterable<Uint8Array>;
}

const mebibyte = 2 ** 20;
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** An entry, filled up to whole blocks. */
const entry = (written: Written): Uint8Array => tarOf([written]);
const file = (name: string, content: string | Uint8Array): Uint8Array => entry({ type: '0', name, content });
const end = Buffer.alloc(1024);

/** Entries by their number, some of them in a piece. */
// oxlint-disable-next-line func-style -- a generator has no arrow form
function* many(count: number, one: (at: number) => Uint8Array, atOnce = 2000): Generator<Uint8Array> {
  for (let at = 0; at < count; at += atOnce)
    yield Buffer.concat(numbers(Math.min(atOnce, count - at)).map((next) => one(at + next)));
  yield end;
}

/** Files of zeros, of which a packed piece is the same each time. */
// oxlint-disable-next-line func-style -- a generator has no arrow form
function* zeros(gibibytes: number): Generator<Uint8Array> {
  const zero = Buffer.alloc(64 * mebibyte);
  for (let at = 0; at < gibibytes; at += 1) {
    yield header({ type: '0', name: `zeros-${at}`, content: '', size: 2 ** 30 });
    for (let piece = 0; piece < 16; piece += 1) yield zero;
  }
  yield end;
}

const long = (at: number, length: number): string => `${at}`.padStart(length, 'n');
const named = (path: string, type: string, link?: string): Uint8Array =>
  tarOf([
    { type: 'x', name: 'x', content: paxRecord('path', path) },
    { type, name: 'y', content: '', ...(link !== undefined && { link }) },
  ]);

const status = 'var/lib/dpkg/status';
const debian = file('etc/os-release', 'ID=debian\nVERSION_ID=12\n');
const withDatabase = (path: string, content: () => Uint8Array) => (): readonly Uint8Array[] => [
  debian,
  file(path, content()),
  end,
];
const repeated = (text: string, bytes: number): Uint8Array => Buffer.alloc(bytes, text);

const program = (bytes: Uint8Array): Uint8Array => elfOf([{ address: 0x20_0000, flags: 6, bytes }]);
const lines = (count: number): string =>
  numbers(count)
    .map((at) => `dep\texample.com/${long(at, 400)}\tv1.0.0\n`)
    .join('');

/** A page of SQLite whose cells all lie over one another, as often as it has room for. */
const sqlite = (bytes: number): Uint8Array => {
  const pageSize = 65_536;
  const database = Buffer.alloc(bytes);
  database.write('SQLite format 3\0');
  database.writeUInt16BE(1, 16);
  database.writeUInt32BE(1, 56);
  const row = (at: number, payload: Uint8Array): void => {
    // Length, key, payload.
    database.set([0x80 | (payload.length >> 7), payload.length & 0x7f, 1], at);
    database.set(payload, at + 3);
  };
  const texts = ['table', 'Packages', 'Packages'].map((text) => Buffer.from(text));
  const schema = Buffer.concat([
    Buffer.from([6, ...texts.map(({ length }) => 13 + 2 * length), 1, 13]),
    ...texts,
    Buffer.from([2]),
  ]);
  database.set([0x0d, 0, 0, 0, 1], 100);
  database.writeUInt16BE(1000, 108);
  row(1000, schema);
  // An interior page that leads to all others, each a leaf.
  const interior = pageSize;
  const pages = bytes / pageSize;
  database.set([0x05], interior);
  database.writeUInt16BE(pages - 3, interior + 3);
  database.writeUInt32BE(pages, interior + 8);
  for (let page = 3; page < pages; page += 1) {
    const cell = 60_000 + (page % 1000) * 4;
    database.writeUInt16BE(cell, interior + 12 + (page - 3) * 2);
    database.writeUInt32BE(page, interior + cell);
  }
  const blob = Buffer.concat([Buffer.from([3, 0, 12 + 2 * 16]), Buffer.alloc(16)]);
  for (let page = 3; page <= pages; page += 1) {
    const at = (page - 1) * pageSize;
    const cells = 45;
    database.set([0x0d], at);
    database.writeUInt16BE(cells, at + 3);
    for (let cell = 0; cell < cells; cell += 1) database.writeUInt16BE(40_000, at + 8 + cell * 2);
    row(at + 40_000, blob);
  }
  return database;
};

/** Links, each of which leads twice through the one before, asked for again and again. */
const linked = (at: number): Uint8Array =>
  at < 200
    ? entry({ type: '2', name: `l${at}`, link: at === 0 ? '.' : `l${at - 1}/l${at - 1}`, content: '' })
    : named(`l6/f${at}`, '0');

const sparse = (at: number): Uint8Array =>
  tarOf([
    {
      type: 'x',
      name: 'x',
      content: [
        paxRecord('GNU.sparse.major', '0'),
        paxRecord('GNU.sparse.minor', '1'),
        paxRecord('GNU.sparse.size', String(maxDatabaseBytes.dpkg)),
        paxRecord('GNU.sparse.numblocks', '1'),
        paxRecord('GNU.sparse.map', '0,1'),
      ].join(''),
    },
    { type: '0', name: at % 2 === 0 ? status : `a${at}/node_modules/p/package.json`, content: 'x' },
  ]);

const gzip = (name: string, pieces: HostileLayer['pieces']): HostileLayer => ({ name, pack: 'gzip', pieces });

export const hostileLayers: readonly HostileLayer[] = [
  gzip('a bomb of 17 GiB in gzip', () => zeros(17)),
  { name: 'a bomb of 17 GiB in zstd', pack: 'zstd', pieces: () => zeros(17) },
  gzip('a million empty files', () => many(maxLayerEntries - 1, (at) => file(`${at % 1000}/${at}`, ''))),
  gzip('files over the limit', () => many(maxLayerEntries + 1, (at) => file(`${at % 1000}/${at}`, ''))),
  gzip('names of 4,000 characters', () => many(100_000, (at) => named(long(at, 4000), '0'))),
  gzip('paths of 2,000 folders', () => many(20_000, (at) => named(`${'d/'.repeat(1900)}${at}`, '0'))),
  gzip('folders in folders of their own', () => many(20_000, (at) => named(`${`${at}/`.repeat(600)}f`, '0'))),
  gzip('whiteouts', () => many(maxLayerEntries - 1, (at) => file(`.wh.${at}`, ''))),
  gzip('links that lead through links', () => many(500_000, linked)),
  gzip('extended headers of a mebibyte', () =>
    many(
      3000,
      () => entry({ type: 'x', name: 'x', content: paxRecord('comment', 'c'.repeat(mebibyte - 30)) }),
      10,
    ),
  ),
  gzip('extended headers of many records', () => {
    const records = numbers(60_000).map((at) => paxRecord(`k${at}`, 'v'));
    const one = entry({ type: 'x', name: 'x', content: records.join('') });
    return many(200, () => one, 10);
  }),
  gzip('sparse files that claim a whole database each', () => many(200, sparse)),
  gzip(
    'a status of dpkg of one line',
    withDatabase(status, () => repeated('a', maxDatabaseBytes.dpkg)),
  ),
  gzip(
    'a status of dpkg of short lines',
    withDatabase(status, () => repeated('a\n', maxDatabaseBytes.dpkg)),
  ),
  gzip(
    'a status of dpkg of packages',
    withDatabase(status, () => repeated('Package: a\nVersion: 1\n\n', maxDatabaseBytes.dpkg)),
  ),
  gzip(
    'a status of dpkg that is no UTF-8',
    withDatabase(status, () => Buffer.alloc(maxDatabaseBytes.dpkg, 0xff)),
  ),
  gzip(
    'a status of dpkg beyond the limit',
    withDatabase(status, () => repeated('a', maxDatabaseBytes.dpkg + 512)),
  ),
  gzip(
    'a database of rpm of 90,000 equal rows',
    withDatabase('var/lib/rpm/rpmdb.sqlite', () => sqlite(maxDatabaseBytes.rpm)),
  ),
  gzip('lists of files of a package', () =>
    many(
      500,
      (at) => file(`var/lib/dpkg/info/p${at}.list`, repeated('/usr/share/file\n', 4 * mebibyte - 1)),
      20,
    ),
  ),
  gzip('package.json of one deep value', () =>
    many(200, (at) => file(`${at}/node_modules/p/package.json`, repeated('[', maxNpmBytes)), 20),
  ),
  gzip('package.json of many values', () =>
    many(100, (at) => file(`${at}/node_modules/p/package.json`, `[${'{},'.repeat(340_000)}{}]`), 20),
  ),
  gzip('package.json that are large and name one package each', () =>
    many(
      1000,
      (at) => {
        const fields = `"name":"${long(at, 100)}","version":"1.0.0-${long(at, 100)}"`;
        const filler = 'x'.repeat(maxNpmBytes - 400);
        return file(`${at}/node_modules/p/package.json`, `{${fields},"x":"${filler}"}`);
      },
      20,
    ),
  ),
  gzip('databases of one package each, as distroless has them', () =>
    many(
      60,
      (at) => {
        const fields = `Package: ${long(at, 100)}\nVersion: ${long(at, 100)}\nX: `;
        return file(`var/lib/dpkg/status.d/${at}`, `${fields}${'x'.repeat(maxDatabaseBytes.dpkg - 400)}\n`);
      },
      10,
    ),
  ),
  gzip('metadata of Python', () =>
    many(100_000, (at) =>
      file(`${at}.dist-info/METADATA`, `Name: ${long(at, 1000)}\nVersion: ${long(at, 1000)}\n`),
    ),
  ),
  gzip('programs that claim 128 MiB of data', () => {
    const one = file('program', program(repeated('\u00ff Go buildinf:\0\0', 127 * mebibyte)));
    return [...numbers(5).map(() => one), end];
  }),
  gzip('a program of Go with 16 MiB of modules', () => [
    file('program', program(inlineBlob('go1.21.5', lines(38_000)))),
    end,
  ]),
  gzip('programs of Go with modules up to the limit', () =>
    many(60, (at) => file(`program-${at}`, program(inlineBlob('go1.21.5', lines(19_000)))), 10),
  ),
  {
    name: 'a frame of zstd for each empty file',
    pack: 'zstd',
    pieces: () => [...numbers(100_000).map((at) => file(`${at}`, '')), end],
  },
  gzip('a member of gzip for each empty file', () => [
    ...numbers(100_000).map((at) => file(`${at}`, '')),
    end,
  ]),
];
