/** Advisories as OSV publishes them, and package lists as tools write them, small enough to be read in a test. */
import { crc32, deflateRawSync } from 'node:zlib';
import { artifact, blob, type FakeManifest } from './registry/registry-content.ts';

const uint = (length: 2 | 4, value: number): Buffer => {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntLE(value, 0, length);
  return bytes;
};

/** Fields that the local entry and its row in the directory have in common (APPNOTE 4.3). */
const fieldsOf = (name: Buffer, content: Buffer, data: Buffer): Buffer =>
  Buffer.concat([
    uint(2, 20),
    uint(2, 0),
    uint(2, data === content ? 0 : 8),
    uint(4, 0),
    uint(4, crc32(content)),
    uint(4, data.length),
    uint(4, content.length),
    uint(2, name.length),
    uint(2, 0),
  ]);

/** A zip of files, each as `pack` makes it: the same bytes are stored, others are deflated. */
const zipOf = (files: Readonly<Record<string, string>>, pack: (content: Buffer) => Buffer): Buffer => {
  const locals: Buffer[] = [];
  const rows: Buffer[] = [];
  let at = 0;
  for (const [key, text] of Object.entries(files)) {
    const name = Buffer.from(key);
    const content = Buffer.from(text);
    const data = pack(content);
    const fields = fieldsOf(name, content, data);
    const local = Buffer.concat([uint(4, 0x04034b50), fields, name, data]);
    rows.push(
      Buffer.concat([
        uint(4, 0x02014b50),
        uint(2, 20),
        fields,
        uint(2, 0),
        uint(2, 0),
        uint(2, 0),
        uint(4, 0),
        uint(4, at),
        name,
      ]),
    );
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(rows);
  const count = rows.length;
  const end = Buffer.concat([
    uint(4, 0x06054b50),
    uint(2, 0),
    uint(2, 0),
    uint(2, count),
    uint(2, count),
    uint(4, directory.length),
    uint(4, at),
    uint(2, 0),
  ]);
  return Buffer.concat([...locals, directory, end]);
};

export interface OsvParts {
  /** Ecosystem, with its release: `Debian:12`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly fixed?: string;
  /** A CVSS vector of version 3.1. */
  readonly vector?: string;
  readonly severity?: string;
  readonly published?: string;
  readonly aliases?: readonly string[];
  readonly modified?: string;
  /** With a reference beside it. */
  readonly summary?: string;
}

/** Critical by its score. */
export const criticalVector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';

/** One record of OSV: every version before `fixed`. */
export const osvRecord = (id: string, parts: OsvParts): object => ({
  id,
  modified: parts.modified ?? '2026-11-20T00:00:00Z',
  published: parts.published ?? '2025-01-01T00:00:00Z',
  ...(parts.aliases && { aliases: parts.aliases }),
  ...(parts.summary && {
    summary: parts.summary,
    references: [{ type: 'WEB', url: `https://example.com/${id}` }],
  }),
  ...(parts.vector && { severity: [{ type: 'CVSS_V3', score: parts.vector }] }),
  ...(parts.severity && { database_specific: { severity: parts.severity } }),
  affected: [
    {
      package: { ecosystem: parts.ecosystem, name: parts.name },
      ranges: [
        {
          type: 'ECOSYSTEM',
          events: [{ introduced: '0' }, ...(parts.fixed === undefined ? [] : [{ fixed: parts.fixed }])],
        },
      ],
    },
  ],
});

const filesOf = (records: readonly object[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    records.map((record, at) => [
      `${'id' in record ? String(record.id) : String(at)}.json`,
      JSON.stringify(record),
    ]),
  );

/** `<ECOSYSTEM>/all.zip` with these records, stored as they are. */
export const osvZip = (...records: readonly object[]): Buffer =>
  zipOf(filesOf(records), (content) => content);

/** The same, deflated as OSV publishes it. */
export const deflatedOsvZip = (records: readonly object[]): Buffer => zipOf(filesOf(records), deflateRawSync);

export interface PublishedRecord {
  readonly id: string;
  readonly modified: string;
}

/** What OSV exports of an ecosystem: the zip, the list with the newest first, each record by itself. */
export const osvExport = (records: readonly PublishedRecord[]): ReadonlyMap<string, Buffer> => {
  const rows = [...records].sort((one, other) => (one.modified < other.modified ? 1 : -1));
  return new Map([
    ...records.map((one) => [`${one.id}.json`, Buffer.from(JSON.stringify(one))] as const),
    ['modified_id.csv', Buffer.from(rows.map(({ id, modified }) => `${modified},${id}\n`).join(''))],
    ['all.zip', osvZip(...records)],
  ]);
};

export const cycloneDxType = 'application/vnd.cyclonedx+json';

/** A CycloneDX document that names these packages. */
export const cycloneDx = (purls: readonly string[], more: object = {}): string =>
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: '2026-11-20T00:00:00Z' },
    components: purls.map((purl, at) => {
      const path = purl.split(/[?#]/, 1)[0] ?? '';
      const [name = '', version = ''] = path.slice(path.lastIndexOf('/') + 1).split('@');
      return { type: 'library', 'bom-ref': `c${String(at)}`, name: decodeURIComponent(name), version, purl };
    }),
    ...more,
  });

/** A referrer of an image that holds a list. */
export const listFor = (image: FakeManifest, text: string, type = cycloneDxType): FakeManifest =>
  artifact({ subject: image.descriptor, artifactType: type, layers: [blob(text, type)] });
