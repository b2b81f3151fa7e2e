import type { Digest } from '../../../core/image/digest.ts';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { readPart, readRecords } from '../advisory-folder.ts';
import { changePart, type RecordChanges } from '../change/change-part.ts';
import type { Part } from '../compile-part.ts';
import { readPartContents } from '../change/part-contents.ts';
import type { FolderFault } from '../part-file.ts';
import { readRecordList, type ListedRecord } from '../change/record-list.ts';
import type { FeedAttempt } from './attempts.ts';
import type { FeedValidators } from './feed.ts';
import {
  newAttempt,
  unchanged,
  type Fetched,
  type KnownPart,
  type Question,
  type UpdateOptions,
} from './feed-question.ts';
import { fetchChanges } from './fetch-changes.ts';

/** So often a whole file is read, whatever its list of changes says: what went wrong once must not stay. */
export const wholeEvery = 24 * 60 * 60_000;

/** `whole`: the whole file has to be read; `why` is told when something went wrong. */
export type ChangesRead =
  { readonly kind: 'read'; readonly fetched: Fetched } | { readonly kind: 'whole'; readonly why?: string };

/** A time of the future is none: a clock that was wrong once must not put a whole read off for ever. */
const isWholeDue = ({ attempt }: KnownPart, at: Date): boolean => {
  const age = at.getTime() - Date.parse(attempt.wholeAt ?? '');
  return !(age >= 0 && age < wholeEvery);
};

const whyNot = ({ kind, why }: FolderFault): string => `${kind}: ${why}`;
const lost = 'the records of the last update cannot be read';

const recordsIn = async (
  folder: string,
  part: Digest,
  digest: Digest,
): Promise<Result<readonly ListedRecord[], string>> => {
  const bytes = await readRecords(folder, part, digest);
  if (!bytes.ok) return fail(`${lost}: ${whyNot(bytes.error)}`);
  const records = readRecordList(bytes.value);
  return records === undefined ? fail(lost) : ok(records);
};

/** The part that these changes make of one. */
const changed = (
  { source, at }: Question,
  part: Pick<Part, 'index' | 'texts'>,
  records: readonly ListedRecord[],
  changes: RecordChanges,
): Result<ReturnType<typeof changePart>, string> => {
  const contents = readPartContents(part);
  if (!contents.ok) return fail(contents.error);
  try {
    return ok(changePart({ contents: contents.value, records }, changes, source.ecosystem, at));
  } catch (error) {
    // A list that does not fit its part would end each update until the next whole one; the whole file is read in its place.
    return fail(messageOf(error));
  }
};

/**
 * Follows the changes since a file that was just read. Absent: they cannot be followed, or there are none.
 */
export const changesSince = async (
  question: Question,
  { part, records }: { readonly part: Part; readonly records: readonly ListedRecord[] },
  options: UpdateOptions,
): Promise<(ReturnType<typeof changePart> & { readonly changes: FeedValidators }) | undefined> => {
  const answer = await fetchChanges(question, () => Promise.resolve(ok(records)), undefined, options);
  if (!answer.ok || answer.value.kind !== 'changed') return undefined;
  const next = changed(question, part, records, answer.value.changes);
  return next.ok ? { ...next.value, changes: answer.value.validators } : undefined;
};

/** Nothing changed, or only what says nothing of packages. */
const stillTrue = (question: Question, digest: Digest, more: Partial<FeedAttempt> = {}): ChangesRead => ({
  kind: 'read',
  fetched: unchanged(question, digest, { read: 'changes', changed: 0, ...more }),
});

/** What is in force by the last update, when changes can be followed from there. */
interface Followed {
  readonly known: KnownPart;
  readonly digest: Digest;
  /** Of the list of its records. */
  readonly list: Digest;
}
const followedOf = ({ feed, known, at }: Question): Followed | undefined => {
  if (feed.format !== 'osv' || known === undefined || isWholeDue(known, at)) return undefined;
  const { digest, records } = known.attempt;
  return digest === undefined || records === undefined ? undefined : { known, digest, list: records };
};

/** Asks for what changed since the last update, and for nothing else. */
export const readChanges = async (question: Question, options: UpdateOptions): Promise<ChangesRead> => {
  const followed = followedOf(question);
  if (followed === undefined) return { kind: 'whole' };
  const { known, digest, list } = followed;
  const { changes: validators, wholeAt } = known.attempt;
  const recordsOf = () => recordsIn(options.folder, digest, list);
  const answer = await fetchChanges(question, recordsOf, validators, options);
  if (!answer.ok) return { kind: 'whole', why: answer.error };
  if (answer.value.kind === 'no-list') return { kind: 'whole' };
  if (answer.value.kind === 'unchanged') return stillTrue(question, digest);
  const { changes, records } = answer.value;
  if (changes.size === 0) return stillTrue(question, digest, { changes: answer.value.validators });
  const part = await readPart(options.folder, digest, known.summary);
  if (!part.ok) return { kind: 'whole', why: whyNot(part.error) };
  const next = changed(question, part.value, records, changes);
  if (!next.ok) return { kind: 'whole', why: next.error };
  const attempt: FeedAttempt = {
    ...newAttempt(question, 'accepted'),
    digest: next.value.part.digest,
    changes: answer.value.validators,
    ...(wholeAt === undefined ? {} : { wholeAt }),
    read: 'changes',
    changed: changes.size,
  };
  const offer = { feed: question.feed.name, part: next.value.part, asOf: question.at.toISOString() };
  return { kind: 'read', fetched: { attempt, offer, records: next.value.records } };
};
