import { parseDigest, type Digest } from '../../../core/image/digest.ts';
import { isJsonObject, objectOf } from '../../../core/text/json/json.ts';
import { createRowsFile } from '../rows-file.ts';
import type { FeedValidators } from './feed.ts';

export type UpdateOutcome = 'accepted' | 'unchanged' | 'refused' | 'failed';

/** What came of the last update of a feed, for one ecosystem. */
export interface FeedAttempt extends FeedValidators {
  readonly feed: string;
  readonly ecosystem: string;
  /** What was asked, or which file was read. */
  readonly source: string;
  /** RFC 3339. */
  readonly triedAt: string;
  readonly outcome: UpdateOutcome;
  /** Why nothing new is in force. */
  readonly why?: string;
  /** Of the part that is in force by the last update that brought one; validators, if any, name the file that it was made of. */
  readonly digest?: Digest;
  /** Of the list of the records that the part was made of. */
  readonly records?: Digest;
  /** Of the list of changes that says the same. */
  readonly changes?: FeedValidators;
  /** RFC 3339: when the part was last what the whole file makes. */
  readonly wholeAt?: string;
  /** What was read: the whole file, or only what changed. */
  readonly read?: FeedReading;
  /** How many records changed, when only they were read. */
  readonly changed?: number;
  /** Why the whole file was read though only what changed was asked for. */
  readonly wholeBecause?: string;
}

export type FeedReading = 'whole' | 'changes';

const outcomes: readonly string[] = ['accepted', 'unchanged', 'refused', 'failed'] satisfies UpdateOutcome[];

const readings: readonly unknown[] = [undefined, 'whole', 'changes'] satisfies (FeedReading | undefined)[];

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isOptionalDigest = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && parseDigest(value).ok);
const areOptionalValidators = (value: unknown): boolean =>
  value === undefined ||
  (isJsonObject(value) && isOptionalText(value['etag']) && isOptionalText(value['lastModified']));
const isAttempt = (value: unknown): value is FeedAttempt => {
  const fields = objectOf(value);
  const { digest, records, changes, read, changed } = fields;
  return (
    ['feed', 'ecosystem', 'source', 'triedAt'].every((field) => typeof fields[field] === 'string') &&
    typeof fields['outcome'] === 'string' &&
    outcomes.includes(fields['outcome']) &&
    ['why', 'etag', 'lastModified', 'wholeAt', 'wholeBecause'].every((field) =>
      isOptionalText(fields[field]),
    ) &&
    [digest, records].every(isOptionalDigest) &&
    areOptionalValidators(changes) &&
    readings.includes(read) &&
    (changed === undefined || Number.isSafeInteger(changed))
  );
};

/** What is lost with this file is read anew: without it every feed is asked for all that it has. */
const attemptsFile = createRowsFile({
  file: 'updates.json',
  name: 'attempts',
  maxBytes: 1024 * 1024,
  maxRows: 1000,
  isRow: isAttempt,
});
export const readAttempts = (folder: string): Promise<readonly FeedAttempt[]> => attemptsFile.read(folder);

const keyOf = ({ feed, ecosystem }: Pick<FeedAttempt, 'feed' | 'ecosystem'>): string =>
  `${feed}\0${ecosystem}`;

/** Exchanges what is known of these feeds. */
export const writeAttempts = async (folder: string, next: readonly FeedAttempt[]): Promise<void> => {
  const all = new Map((await readAttempts(folder)).map((attempt) => [keyOf(attempt), attempt]));
  for (const attempt of next) all.set(keyOf(attempt), attempt);
  await attemptsFile.write(folder, [...all.values()]);
};

/** Forgets feeds that nobody asks any more: their last failure would be told for ever. */
export const keepAttempts = async (folder: string, feeds: readonly string[]): Promise<void> => {
  const all = await readAttempts(folder);
  const kept = all.filter(({ feed }) => feeds.includes(feed));
  if (kept.length < all.length) await attemptsFile.write(folder, kept);
};
