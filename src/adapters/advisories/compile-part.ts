import type { Digest } from '../../core/image/digest.ts';
import type { Result } from '../../core/result.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { isAdvisoryDate, type AdvisoryRecord } from '../../core/vulnerability/advisory.ts';
import { baseEcosystem } from '../../core/vulnerability/package.ts';
import { readAdvisory } from '../../core/vulnerability/read-advisory.ts';
import { digestOf } from '../../evidence/content-digest.ts';
import { writePart, type PartSummary } from './part-format.ts';
import { createNames, createSection, createTexts } from './part-sections.ts';

/** One published record, and the file that it stands in. */
export interface SourceRecord {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An immutable part of a generation: the index that matching reads, and the texts that only a person reads. */
export interface Part {
  /** Of the index, which holds that of the texts. */
  readonly digest: Digest;
  readonly summary: PartSummary;
  readonly index: Buffer;
  readonly texts: Buffer;
}

const maxUnreadableNames = 20;
const maxNameLength = 128;

const parse = (bytes: Uint8Array): unknown =>
  parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));

/** What comes of the records while they are read one by one. */
const createBuilder = (ecosystem: string, at: Date) => {
  const names = createNames();
  const advisories = createSection();
  const texts = createTexts();
  const counts = { advisories: 0, withdrawn: 0, elsewhere: 0, unreadable: 0 };
  let newest = Number.NEGATIVE_INFINITY;

  const addTime = (modified: string | undefined): void => {
    const time = isAdvisoryDate(modified) ? Date.parse(modified) : Number.NaN;
    // A record of the future would make every later feed look old.
    if (time > newest && time <= at.getTime()) newest = time;
  };
  const add = ({ advisory, affected, text, withdrawn, modified }: AdvisoryRecord): void => {
    addTime(modified);
    const here = affected.filter((entry) => baseEcosystem(entry.ecosystem) === ecosystem);
    if (withdrawn) counts.withdrawn += 1;
    else if (here.length === 0) counts.elsewhere += 1;
    else {
      for (const entry of here) names.add(counts.advisories, entry);
      advisories.add(JSON.stringify(advisory));
      texts.add(text);
      counts.advisories += 1;
    }
  };
  const end = (unreadableNames: readonly string[]): Part => {
    const text = texts.end();
    const summary: PartSummary = {
      ecosystem,
      ...counts,
      names: names.count(),
      unreadableNames,
      texts: digestOf(text.bytes, 'sha256'),
      ...(Number.isFinite(newest) ? { newest: new Date(newest).toISOString() } : {}),
    };
    const index = writePart(summary, {
      ...names.sections(),
      advisoryOffsets: advisories.offsets(),
      advisories: advisories.bytes(),
      textOffsets: text.offsets,
    });
    return { digest: digestOf(index, 'sha256'), summary, index, texts: text.bytes };
  };
  return {
    add,
    skip: (): void => {
      counts.unreadable += 1;
    },
    end,
  };
};

/** A record of a feed, read. */
export interface ReadRecord {
  readonly name: string;
  readonly record: Result<AdvisoryRecord, string>;
}

/**
 * Compiles what one feed says of one ecosystem. The same records in the same order at the same time make the same
 * bytes.
 *
 * @param at when the feed was read
 */
export const compileRecords = (records: Iterable<ReadRecord>, ecosystem: string, at: Date): Part => {
  const builder = createBuilder(ecosystem, at);
  const unreadableNames: string[] = [];
  for (const { name, record } of records) {
    if (record.ok) builder.add(record.value);
    else {
      builder.skip();
      if (unreadableNames.length < maxUnreadableNames) unreadableNames.push(name.slice(0, maxNameLength));
    }
  }
  return builder.end(unreadableNames);
};

function* readRecords(records: Iterable<SourceRecord>): Iterable<ReadRecord> {
  for (const { name, bytes } of records) yield { name, record: readAdvisory(parse(bytes)) };
}

/** The same for records of OSV. */
export const compilePart = (records: Iterable<SourceRecord>, ecosystem: string, at: Date): Part =>
  compileRecords(readRecords(records), ecosystem, at);
