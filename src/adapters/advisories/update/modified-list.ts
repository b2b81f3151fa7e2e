import { fail, ok, type Result } from '../../../core/result.ts';
import { quote } from '../../../core/text/cut-middle.ts';
import { isRecordId, type ListedRecord } from '../change/record-list.ts';

/** The name of the list of OSV: a row `<time>,<id>` for each record of an ecosystem. */
export const modifiedListName = 'modified_id.csv';
/** That of npm, the longest, has 10 MB and 220,000 rows. */
export const maxModifiedListBytes = 64 * 1024 * 1024;
const maxRows = 1_000_000;
const maxTimeLength = 64;

/** When each record of a feed changed last, by its id, as the list says it. */
export type ModifiedList = ReadonlyMap<string, string>;

const timestamp = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d{0,9})?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * A time that can be compared as text with another, to the nanosecond: OSV writes microseconds, and a record that changed
 * twice within a millisecond changed. Absent: it is no time, as the year 1 is none, which Go writes where nobody set one: a record
 * that always has it changes unseen.
 */
export const instantOf = (text: string): string | undefined => {
  const [, date, fraction = '', zone] = timestamp.exec(text) ?? [];
  if (date === undefined || zone === undefined) return undefined;
  const seconds = Date.parse(`${date}${zone}`.toUpperCase()) / 1000;
  return seconds >= 0 ? `${String(seconds).padStart(12, '0')}.${fraction.padEnd(9, '0')}` : undefined;
};

export const isSameInstant = (one: string, other: string): boolean => {
  if (one === other) return one !== '';
  const instant = instantOf(one);
  return instant !== undefined && instant === instantOf(other);
};

/** @returns or why the list cannot be read: half of one hides records */
export const readModifiedList = (text: string): Result<ModifiedList, string> => {
  const list = new Map<string, string>();
  const wrong = (what: string) => fail(`row ${list.size + 1} of ${modifiedListName} ${what}`);
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n', at);
    // Attack: a list that breaks off within an id, whose beginning is another id.
    if (found < 0) return wrong('has no end');
    const row = text.slice(at, text[found - 1] === '\r' ? found - 1 : found);
    at = found + 1;
    const comma = row.indexOf(',');
    const [time, id] = [row.slice(0, comma), row.slice(comma + 1)];
    if (comma < 1 || time.length > maxTimeLength || !isRecordId(id)) return wrong('is no time and id');
    if (instantOf(time) === undefined) return wrong(`has no time: ${quote(time)}`);
    if (list.has(id)) return wrong(`lists ${id} again`);
    list.set(id, time);
    if (list.size > maxRows) return fail(`${modifiedListName} has more than ${maxRows} rows`);
  }
  return ok(list);
};

/** What has to be asked for. */
export interface ListedChanges {
  /** Ids with the time that the record must say. */
  readonly changed: ReadonlyMap<string, string>;
  /** Ids that the list does not have any more. */
  readonly gone: readonly string[];
}

/**
 * What a list says that changed.
 *
 * @returns or why the list cannot be followed. Attack: a list of yesterday, by which what was published since is taken back
 */
export const listedChanges = (
  list: ModifiedList,
  records: readonly ListedRecord[],
): Result<ListedChanges, string> => {
  const changed = new Map(list);
  const gone: string[] = [];
  for (const { id, modified } of records) {
    const listed = list.get(id);
    if (listed === undefined) gone.push(id);
    else if (isSameInstant(listed, modified)) changed.delete(id);
    else if ((instantOf(listed) ?? '') < (instantOf(modified) ?? ''))
      return fail(
        `${modifiedListName} is older than what is in force: ${id} of ${modified}, listed ${listed}`,
      );
  }
  return ok({ changed, gone });
};
