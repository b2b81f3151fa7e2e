import { closeSync, openSync } from 'node:fs';
import { osvZipLimits } from '../../../src/adapters/advisories/osv-zip.ts';
import { objectOf, textOf, type JsonObject } from '../../../src/core/text/json/json.ts';
import { fileSource } from '../../../src/files/zip/byte-source.ts';
import { readZipDirectory } from '../../../src/files/zip/zip-directory.ts';
import { readZipEntry } from '../../../src/files/zip/zip-entry.ts';

const listOf = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : []);

/** What a record says of one package, as it is published. */
export interface PublishedAffected {
  readonly ecosystem: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly ranges: readonly { readonly type: string; readonly events: readonly JsonObject[] }[];
}
export interface PublishedRecord {
  readonly id: string;
  readonly summary: string;
  readonly affected: readonly PublishedAffected[];
  /** All of it. */
  readonly fields: JsonObject;
}

const affectedOf = (fields: JsonObject): PublishedAffected => {
  const { ecosystem, name } = objectOf(fields['package']);
  return {
    ecosystem: textOf(ecosystem),
    name: textOf(name),
    versions: (Array.isArray(fields['versions']) ? fields['versions'] : []).map(textOf),
    ranges: listOf(fields['ranges']).map(({ type, events }) => ({
      type: textOf(type),
      events: listOf(events),
    })),
  };
};

/** Every record of a zip as OSV publishes it; nothing of the reader that is judged is used but the zip. */
export const publishedRecords = (zip: string): readonly PublishedRecord[] => {
  const file = openSync(zip, 'r');
  try {
    const source = fileSource(file);
    const directory = readZipDirectory(source, osvZipLimits);
    if (!directory.ok) throw new Error(`${zip}: ${directory.error.kind}`);
    return directory.value
      .filter(({ name }) => name.endsWith('.json'))
      .map((entry) => {
        const bytes = readZipEntry(source, entry);
        if (!bytes.ok) throw new Error(`${zip}: ${bytes.error.kind} ${entry.name}`);
        const fields = objectOf(JSON.parse(bytes.value.toString()) as unknown);
        const { id, summary, affected } = fields;
        return {
          id: textOf(id),
          summary: textOf(summary),
          affected: listOf(affected).map(affectedOf),
          fields,
        };
      });
  } finally {
    closeSync(file);
  }
};

/** The versions at which something begins or ends. */
export const eventVersions = ({ ranges }: PublishedAffected): readonly string[] =>
  ranges
    .filter(({ type }) => type !== 'GIT')
    .flatMap(({ events }) => events.flatMap((event) => Object.values(event).map(textOf)));

/** Whether commits stand before versions in what it says of a package. */
export const beginsWithCommits = ({ affected }: PublishedRecord): boolean =>
  affected.some(({ ranges }) => ranges[0]?.type === 'GIT' && ranges.some(({ type }) => type !== 'GIT'));

/** Modules of Go by the name that osv-scanner looks for. */
export const askedName = ({ ecosystem, name }: Pick<PublishedAffected, 'ecosystem' | 'name'>): string =>
  ecosystem === 'Go' ? name.toLowerCase() : name;

/** The same record as osv-scanner can read it: commits behind versions, and modules of Go in lower case. */
export const simplified = ({ fields, affected }: PublishedRecord): object => ({
  ...fields,
  affected: listOf(fields['affected']).map((entry, at) => ({
    ...entry,
    package: { ...objectOf(entry['package']), name: askedName(affected[at]!) },
    ranges: listOf(entry['ranges']).toSorted(
      (one, other) => Number(one['type'] === 'GIT') - Number(other['type'] === 'GIT'),
    ),
  })),
});
