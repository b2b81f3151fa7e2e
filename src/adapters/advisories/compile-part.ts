import type { Digest } from '../../core/image/digest.ts';
import type { Result } from '../../core/result.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import {
  advisoryTime,
  type AdvisoryRecord,
  type AdvisoryText,
  type Affected,
} from '../../core/vulnerability/advisory.ts';
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

/** What becomes of a record: `elsewhere` speaks of other ecosystems alone. */
export type RecordState = 'advisory' | 'withdrawn' | 'elsewhere' | 'unreadable';

/** What a record says of this ecosystem; empty where it is no advisory about it. */
const affectedHere = (
  { affected, withdrawn }: AdvisoryRecord,
  ecosystem: string,
): { readonly state: RecordState; readonly here: readonly Affected[] } => {
  if (withdrawn) return { state: 'withdrawn', here: [] };
  const here = affected.filter((entry) => baseEcosystem(entry.ecosystem) === ecosystem);
  return { state: here.length === 0 ? 'elsewhere' : 'advisory', here };
};

/** The sections of a part that is written. */
export interface PartWriters {
  readonly names: ReturnType<typeof createNames>;
  readonly advisories: ReturnType<typeof createSection>;
  readonly texts: ReturnType<typeof createTexts>;
}
export const createWriters = (): PartWriters => ({
  names: createNames(),
  advisories: createSection(),
  texts: createTexts(),
});

/**
 * Counts the records of a part, and writes it at the end.
 *
 * @param at when the feed was read
 */
export const createTally = (ecosystem: string, at: Date) => {
  const counts = { advisory: 0, withdrawn: 0, elsewhere: 0, unreadable: 0 };
  const unreadableNames: string[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  return {
    /** How many advisories there are: the number of the next. */
    advisories: (): number => counts.advisory,
    count: (state: RecordState, modified: string | undefined): void => {
      counts[state] += 1;
      const time = advisoryTime(modified) ?? Number.NaN;
      // A record of the future would make every later feed look old.
      if (time > newest && time <= at.getTime()) newest = time;
    },
    /** A record that cannot be read. */
    skip: (name: string): void => {
      counts.unreadable += 1;
      if (unreadableNames.length < maxUnreadableNames) unreadableNames.push(name.slice(0, maxNameLength));
    },
    end: ({ names, advisories, texts }: PartWriters): Part => {
      const text = texts.end();
      const { advisory, ...others } = counts;
      const summary: PartSummary = {
        ecosystem,
        advisories: advisory,
        ...others,
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
    },
  };
};

/** A record of a feed, read. */
export interface ReadRecord {
  readonly name: string;
  readonly record: Result<AdvisoryRecord, string>;
}

/** Where what a record says of an ecosystem is written. */
interface RecordWriters {
  readonly names: { add(advisory: number, affected: Affected): void };
  readonly advisories: { add(text: string): void };
  readonly texts: { add(text: AdvisoryText): void };
}

/** Writes and counts one record. @returns what became of it */
export const writeRecord = (
  { name, record }: ReadRecord,
  ecosystem: string,
  tally: ReturnType<typeof createTally>,
  { names, advisories, texts }: RecordWriters,
): RecordState => {
  if (!record.ok) {
    tally.skip(name);
    return 'unreadable';
  }
  const { advisory, text, modified } = record.value;
  const { state, here } = affectedHere(record.value, ecosystem);
  if (state === 'advisory') {
    for (const entry of here) names.add(tally.advisories(), entry);
    advisories.add(JSON.stringify(advisory));
    texts.add(text);
  }
  tally.count(state, modified);
  return state;
};

/** Called with each record, and what became of it. */
export type OnRecordState = (record: ReadRecord, state: RecordState) => void;

/**
 * Compiles what one feed says of one ecosystem. The same records in the same order at the same time make the same
 * bytes.
 *
 * @param at when the feed was read
 */
export const compileRecords = (
  records: Iterable<ReadRecord>,
  ecosystem: string,
  at: Date,
  onState: OnRecordState = () => undefined,
): Part => {
  const writers = createWriters();
  const tally = createTally(ecosystem, at);
  for (const read of records) onState(read, writeRecord(read, ecosystem, tally, writers));
  return tally.end(writers);
};

function* readRecords(records: Iterable<SourceRecord>): Iterable<ReadRecord> {
  for (const { name, bytes } of records) yield { name, record: readAdvisory(parse(bytes)) };
}

/** The same for records of OSV. */
export const compilePart = (
  records: Iterable<SourceRecord>,
  ecosystem: string,
  at: Date,
  onState?: OnRecordState,
): Part => compileRecords(readRecords(records), ecosystem, at, onState);
