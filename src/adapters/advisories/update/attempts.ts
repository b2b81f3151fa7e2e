import { parseDigest, type Digest } from '../../../core/image/digest.ts';
import { objectOf } from '../../../core/text/json/json.ts';
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
  /** Of the part that was made of the answer that the validators name. */
  readonly digest?: Digest;
}

const outcomes: readonly string[] = ['accepted', 'unchanged', 'refused', 'failed'] satisfies UpdateOutcome[];

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isAttempt = (value: unknown): value is FeedAttempt => {
  const fields = objectOf(value);
  const { digest } = fields;
  return (
    ['feed', 'ecosystem', 'source', 'triedAt'].every((field) => typeof fields[field] === 'string') &&
    typeof fields['outcome'] === 'string' &&
    outcomes.includes(fields['outcome']) &&
    ['why', 'etag', 'lastModified'].every((field) => isOptionalText(fields[field])) &&
    (digest === undefined || (typeof digest === 'string' && parseDigest(digest).ok))
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
