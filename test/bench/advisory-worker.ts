/** Advisories in a process of its own: published zips as many feeds, compiled beside bare reading, and matched. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGeneration, type LoadedGeneration } from '../../src/adapters/advisories/advisory-folder.ts';
import { lookupIn } from '../../src/adapters/advisories/name-lookup.ts';
import { compileOsvZip, osvZipLimits } from '../../src/adapters/advisories/osv-zip.ts';
import { putParts, type OfferedPart } from '../../src/adapters/advisories/put-parts.ts';
import { matchPackage } from '../../src/core/vulnerability/match.ts';
import type { Package } from '../../src/core/vulnerability/package.ts';
import { fileSource, type ByteSource } from '../../src/files/zip/byte-source.ts';
import { readZipDirectory } from '../../src/files/zip/zip-directory.ts';
import { readZipEntry } from '../../src/files/zip/zip-entry.ts';
import { deflatedOsvZip } from '../fakes/advisories.ts';
import { cpuTime, threadTime } from '../fakes/cpu-time.ts';
import { serveParent } from './evidence-part.ts';

/** What one feed publishes of one ecosystem. */
export interface FeedZip {
  readonly feed: string;
  readonly ecosystem: string;
  readonly path: string;
}
/** What is read of a record here. */
interface PublishedRecord {
  readonly affected?: readonly {
    readonly package?: { ecosystem: string; name: string };
    readonly ranges?: readonly { readonly type?: string; readonly events?: readonly { fixed?: string }[] }[];
  }[];
}

const withFile = <T>(path: string, use: (source: ByteSource) => T): T => {
  const descriptor = openSync(path, 'r');
  try {
    return use(fileSource(descriptor));
  } finally {
    closeSync(descriptor);
  }
};

/** @throws when the zip is not whole: a figure of half of it is none. */
const recordsIn = function* (source: ByteSource): Generator<PublishedRecord> {
  const directory = readZipDirectory(source, osvZipLimits);
  if (!directory.ok) throw new Error(directory.error.kind);
  for (const entry of directory.value) {
    const bytes = readZipEntry(source, entry);
    if (!bytes.ok) throw new Error(`${entry.name}: ${bytes.error.kind}`);
    yield JSON.parse(bytes.value.toString('utf8')) as PublishedRecord;
  }
};

/** The same records; in all feeds but the first they speak of other packages. */
const renamed = (record: PublishedRecord, feed: number): PublishedRecord => {
  if (feed > 0)
    for (const { package: about } of record.affected ?? [])
      if (about !== undefined) about.name += `-${String(feed)}`;
  return record;
};

/** The packages that a record names a fix for, each at that version. */
const fixedIn = ({ affected = [] }: PublishedRecord): readonly Package[] =>
  affected.flatMap(({ package: about, ranges = [] }) =>
    ranges
      .filter(({ type }) => type !== 'GIT')
      .flatMap(({ events = [] }) => events.flatMap(({ fixed }) => fixed ?? []))
      .flatMap((version) =>
        about === undefined ? [] : [{ ecosystem: about.ecosystem, name: about.name, version }],
      ),
  );

const timeOf = async (work: () => unknown): Promise<number> => {
  const began = cpuTime();
  await work();
  return cpuTime() - began;
};

let loaded: LoadedGeneration | undefined;
const inForce = (): LoadedGeneration => {
  if (loaded === undefined) throw new Error('nothing was loaded');
  return loaded;
};

const orders = {
  /** Writes the zips of a folder in the layout of OSV as those of one feed. @returns how many records it has */
  writeFeed: ({
    from,
    to,
    ecosystems,
    number,
  }: {
    readonly from: string;
    readonly to: string;
    readonly ecosystems: readonly string[];
    readonly number: number;
  }): number => {
    let count = 0;
    for (const ecosystem of ecosystems) {
      const records = withFile(join(from, ecosystem, 'all.zip'), (source) =>
        [...recordsIn(source)].map((record) => renamed(record, number)),
      );
      mkdirSync(join(to, ecosystem), { recursive: true });
      writeFileSync(join(to, ecosystem, 'all.zip'), deflatedOsvZip(records));
      count += records.length;
    }
    return count;
  },
  /** What the zips cost whoever reads them at all. @returns milliseconds of CPU */
  inflate: (zips: readonly FeedZip[]): Promise<number> =>
    timeOf(() => {
      for (const { path } of zips)
        withFile(path, (source) => {
          for (const record of recordsIn(source)) void record;
        });
    }),
  /** Compiles them and puts them in force, all at once. @returns milliseconds of CPU of either */
  compile: async ({
    zips,
    folder,
  }: {
    readonly zips: readonly FeedZip[];
    readonly folder: string;
  }): Promise<{ readonly compiled: number; readonly put: number }> => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const asOf = new Date().toISOString();
    const offered: OfferedPart[] = [];
    const compiled = await timeOf(() => {
      for (const { feed, ecosystem, path } of zips) {
        const part = withFile(path, (source) => compileOsvZip(source, ecosystem, new Date()));
        if (!part.ok) throw new Error(`${path}: ${part.error.kind}`);
        offered.push({ feed, part: part.value, asOf });
      }
    });
    const put = await timeOf(async () => {
      const put = await putParts(folder, offered);
      if (!put.ok) throw new Error(put.error);
      if (put.value.some(({ kind }) => kind !== 'accepted')) throw new Error(JSON.stringify(put.value));
    });
    return { compiled, put };
  },
  /** The most memory that this process ever had, in MiB. */
  peak: (): number => process.resourceUsage().maxRSS / 1024,
  /** Reads the generation in force. @returns how many parts it has, and how long the thread is held to make one of them */
  load: async (folder: string): Promise<{ readonly parts: number; readonly held: number }> => {
    const read = await loadGeneration(folder);
    if (!read.ok) throw new Error(read.error.why);
    loaded = read.value;
    const readers = [...loaded.readers.values()];
    return { parts: readers.length, held: threadTime(() => lookupIn(readers)) };
  },
  /** Matches each list once. @returns milliseconds of CPU for each, and all matches */
  match: (
    lists: readonly (readonly Package[])[],
  ): { readonly times: readonly number[]; readonly matches: number } => {
    const { lookup } = inForce();
    let matches = 0;
    const times = lists.map((list) =>
      threadTime(() => {
        for (const found of list) matches += matchPackage(found, lookup).length;
      }),
    );
    return { times, matches };
  },
  /** Packages of these zips, each name once, with a version that some advisory names as fixed. */
  packages: (zips: readonly FeedZip[]): readonly Package[] => {
    const known = new Map<string, Package>();
    for (const { path } of zips)
      withFile(path, (source) => {
        for (const record of recordsIn(source))
          for (const found of fixedIn(record)) known.set(`${found.ecosystem} ${found.name}`, found);
      });
    return [...known.values()];
  },
};
export type AdvisoryOrders = typeof orders;

serveParent(orders);
