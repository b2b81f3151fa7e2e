import { join } from 'node:path';
import { parseDigest, type Digest } from '../../../core/image/digest.ts';
import { objectOf } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { readRegularFile } from '../../../files/regular-file.ts';
import { replaceFile } from '../../../files/whole-file.ts';
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

const schema = 1;
const maxBytes = 1024 * 1024;
const maxAttempts = 1000;
const outcomes: readonly string[] = ['accepted', 'unchanged', 'refused', 'failed'] satisfies UpdateOutcome[];

const pathIn = (folder: string): string => join(folder, 'updates.json');

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
export const readAttempts = async (folder: string): Promise<readonly FeedAttempt[]> => {
  try {
    const { bytes } = await readRegularFile(pathIn(folder), maxBytes);
    const { schema: written, attempts } = objectOf(
      bytes.ok ? parseJson(bytes.value.toString('utf8')) : undefined,
    );
    return written === schema && Array.isArray(attempts) ? attempts.filter(isAttempt) : [];
  } catch {
    return [];
  }
};

const keyOf = ({ feed, ecosystem }: Pick<FeedAttempt, 'feed' | 'ecosystem'>): string =>
  `${feed}\0${ecosystem}`;

const write = (folder: string, attempts: readonly FeedAttempt[]): Promise<void> =>
  replaceFile(pathIn(folder), `${JSON.stringify({ schema, attempts }, undefined, 2)}\n`, 0o600);

/** Exchanges what is known of these feeds. */
export const writeAttempts = async (folder: string, next: readonly FeedAttempt[]): Promise<void> => {
  const all = new Map((await readAttempts(folder)).map((attempt) => [keyOf(attempt), attempt]));
  for (const attempt of next) all.set(keyOf(attempt), attempt);
  await write(folder, [...all.values()].slice(-maxAttempts));
};

/** Forgets feeds that nobody asks any more: their last failure would be told for ever. */
export const keepAttempts = async (folder: string, feeds: readonly string[]): Promise<void> => {
  const all = await readAttempts(folder);
  const kept = all.filter(({ feed }) => feeds.includes(feed));
  if (kept.length < all.length) await write(folder, kept);
};
