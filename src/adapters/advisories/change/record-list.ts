import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import type { OnRecordState, ReadRecord, RecordState } from '../compile-part.ts';

/** A record of a feed, and what became of it in the part that was made of the feed. */
export interface ListedRecord {
  readonly id: string;
  readonly state: RecordState;
  /** As the record says; empty: it says nothing, or could not be read. */
  readonly modified: string;
}

/** Ids that can be asked for by name. Attack: one that leads to another address of the server. */
const plainId = /^[A-Za-z0-9][\w.:+~-]{0,127}$/;
export const isRecordId = (text: string): boolean => plainId.test(text);

const suffix = '.json';
/** The name of the file of a record, by which records are ordered. */
export const recordFile = (id: string): string => id + suffix;

export const listedAs = (id: string, { record }: ReadRecord, state: RecordState): ListedRecord => ({
  id,
  state,
  modified: (record.ok ? record.value.modified : undefined) ?? '',
});

/** Remembers what becomes of each record while a feed is compiled. */
export const createRecordList = () => {
  const records: ListedRecord[] = [];
  let isNamedById = true;
  const onState: OnRecordState = (read, state) => {
    const { name, record } = read;
    const id = name.slice(0, -suffix.length);
    isNamedById &&= isRecordId(id) && (!record.ok || record.value.advisory.id === id);
    records.push(listedAs(id, read, state));
  };
  return {
    onState,
    /** Absent: files are not named by the ids of their records, so that no record can be asked for. */
    records: (): readonly ListedRecord[] | undefined => (isNamedById ? records : undefined),
  };
};

const states: readonly RecordState[] = ['advisory', 'withdrawn', 'elsewhere', 'unreadable'];
const schema = 1;
const maxListBytes = 256 * 1024 * 1024;

/** A row is its id, the number of its state, its time. */
type Row = readonly [string, number, string];
const isRow = (value: unknown): value is Row =>
  Array.isArray(value) &&
  typeof value[0] === 'string' &&
  isRecordId(value[0]) &&
  Number.isInteger(value[1]) &&
  states[value[1] as number] !== undefined &&
  typeof value[2] === 'string';

export const writeRecordList = (records: readonly ListedRecord[]): Buffer =>
  zstdCompressSync(
    JSON.stringify([
      schema,
      records.map(({ id, state, modified }): Row => [id, states.indexOf(state), modified]),
    ]),
  );

/** Absent: it is of another version, or damaged. */
export const readRecordList = (bytes: Buffer): readonly ListedRecord[] | undefined => {
  try {
    const text = zstdDecompressSync(bytes, { maxOutputLength: maxListBytes }).toString('utf8');
    const written = parseJson(text);
    const [version, rows] = Array.isArray(written) ? (written as readonly unknown[]) : [];
    if (version !== schema || !Array.isArray(rows) || !rows.every(isRow)) return undefined;
    return rows.map(([id, state, modified]) => ({ id, state: states[state] ?? 'unreadable', modified }));
  } catch {
    return undefined;
  }
};
