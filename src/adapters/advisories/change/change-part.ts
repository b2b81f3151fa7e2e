import type { AdvisoryText, Affected } from '../../../core/vulnerability/advisory.ts';
import { packageKeyName } from '../../../core/vulnerability/package.ts';
import {
  createTally,
  createWriters,
  writeRecord,
  type Part,
  type PartWriters,
  type ReadRecord,
} from '../compile-part.ts';
import type { PartContents, PartName } from './part-contents.ts';
import { textsPerBlock } from '../part-format.ts';
import { affectedOf, writeName } from '../part-values.ts';
import { listedAs, recordFile, type ListedRecord } from './record-list.ts';

/** A part, and all records of the feed that it was made of. */
export interface PartOfRecords {
  readonly contents: PartContents;
  /** In the order of their files. */
  readonly records: readonly ListedRecord[];
}

/** By its id: a record as it is now; absent: it is gone. */
export type RecordChanges = ReadonlyMap<string, ReadRecord | undefined>;

interface Entry {
  readonly advisory: number;
  readonly affected: Affected;
}

const keyOf = (ecosystem: string, name: string): string => `${ecosystem}\0${name}`;

/** The ids of both, in the order of their files. */
const idsOf = (records: readonly ListedRecord[], changes: RecordChanges): readonly string[] => {
  const known = new Set(records.map(({ id }) => id));
  const fresh = [...changes.keys()].filter((id) => !known.has(id));
  const ids = [...known, ...fresh];
  // Those that were there are in order.
  return fresh.length === 0 ? ids : ids.sort((one, other) => (recordFile(one) < recordFile(other) ? -1 : 1));
};

/** What every record becomes, one after the other. */
const walk = ({ contents, records }: PartOfRecords, changes: RecordChanges, ecosystem: string, at: Date) => {
  const tally = createTally(ecosystem, at);
  const writers = createWriters();
  const listed: ListedRecord[] = [];
  /** The new number of each advisory that stays. */
  const numbers = new Map<number, number>();
  const added: Entry[] = [];
  const texts: (number | AdvisoryText)[] = [];
  const before = new Map(records.map((record) => [record.id, record]));
  let next = 0;

  const keep = (record: ListedRecord, number: number): void => {
    if (record.state === 'unreadable') tally.skip(recordFile(record.id));
    else {
      if (record.state === 'advisory') {
        numbers.set(number, tally.advisories());
        writers.advisories.add(contents.advisoryAt(number));
        texts.push(number);
      }
      tally.count(record.state, record.modified);
    }
    listed.push(record);
  };
  // Names are put together, and texts put into blocks, when all records are known.
  const later = {
    names: { add: (advisory: number, affected: Affected) => void added.push({ advisory, affected }) },
    advisories: writers.advisories,
    texts: { add: (text: AdvisoryText) => void texts.push(text) },
  };
  for (const id of idsOf(records, changes)) {
    const known = before.get(id);
    const number = known?.state === 'advisory' ? next++ : -1;
    const change = changes.get(id);
    if (change !== undefined) listed.push(listedAs(id, change, writeRecord(change, ecosystem, tally, later)));
    else if (known !== undefined && !changes.has(id)) keep(known, number);
  }
  if (next !== contents.count) throw new Error('a defect: the records are not those of the part');
  return { tally, writers, listed, numbers, added, texts };
};

/** Blocks in which nothing changed are taken as they are. */
const writeTexts = (
  texts: readonly (number | AdvisoryText)[],
  contents: PartContents,
  { texts: writer }: PartWriters,
): void => {
  for (let at = 0; at < texts.length; at += textsPerBlock) {
    const block = texts.slice(at, at + textsPerBlock);
    const same = contents.blockOf(block);
    if (same !== undefined) writer.addBlock(same);
    else for (const text of block) writer.add(typeof text === 'number' ? contents.textAt(text) : text);
  }
};

/** What advisories that stay say of a name, with their new numbers. */
const entriesOf = (
  { value, listed: listedOf }: PartName,
  numbers: ReadonlyMap<number, number>,
): readonly Entry[] => {
  const all = listedOf();
  const listed = { all, mayHold: (version: string) => all.includes(version) };
  return value[2].flatMap((entry) => {
    const advisory = numbers.get(entry[0]);
    return advisory === undefined ? [] : [{ advisory, affected: affectedOf(value, entry, listed) }];
  });
};

/** The same text with other numbers of advisories. */
const renumbered = ({ text, value }: PartName, numbers: ReadonlyMap<number, number>): string => {
  const [ecosystem, name, entries] = value;
  if (entries.every(([number]) => numbers.get(number) === number)) return text;
  return writeName(
    ecosystem,
    name,
    entries.map(([number, ...rest]) => JSON.stringify([numbers.get(number), ...rest])),
  );
};

const writeNames = (
  contents: PartContents,
  added: readonly Entry[],
  numbers: ReadonlyMap<number, number>,
  { names }: PartWriters,
): void => {
  const fresh = Map.groupBy(added, ({ affected: { ecosystem, name } }) =>
    keyOf(ecosystem, packageKeyName(ecosystem, name)),
  );
  for (const found of contents.names()) {
    const [ecosystem, name, entries] = found.value;
    const key = keyOf(ecosystem, name);
    const others = fresh.get(key);
    if (others === undefined && entries.every(([number]) => numbers.has(number))) {
      const value = renumbered(found, numbers);
      names.keep({ hash: found.hash, ecosystem, name, value, versions: found.versions });
      continue;
    }
    // Versions are named by their place, and each place by who names it first: in the order of the advisories.
    const all = [...entriesOf(found, numbers), ...(others ?? [])];
    for (const { advisory, affected } of all.sort((one, other) => one.advisory - other.advisory))
      names.add(advisory, affected);
    fresh.delete(key);
  }
  for (const entries of fresh.values())
    for (const { advisory, affected } of entries) names.add(advisory, affected);
};

/**
 * Makes the part that all records of a feed make, out of the part that was made of them before and of those that changed: byte
 * for byte what {@link compilePart} makes of all of them.
 *
 * @param at when the feed was read
 */
export const changePart = (
  before: PartOfRecords,
  changes: RecordChanges,
  ecosystem: string,
  at: Date,
): { readonly part: Part; readonly records: readonly ListedRecord[] } => {
  const { tally, writers, listed, numbers, added, texts } = walk(before, changes, ecosystem, at);
  writeTexts(texts, before.contents, writers);
  writeNames(before.contents, added, numbers, writers);
  return { part: tally.end(writers), records: listed };
};
