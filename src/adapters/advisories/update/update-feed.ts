import { join } from 'node:path';
import { exploitedList } from '../../../core/vulnerability/advisory.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { whyNot } from '../../../files/file-problem.ts';
import { keepRecords, type LoadedGeneration } from '../advisory-folder.ts';
import { putParts, withUsable } from '../put-parts.ts';
import { writeRecordList } from '../change/record-list.ts';
import { readAttempts, writeAttempts, type FeedAttempt } from './attempts.ts';
import type { Feed } from './feed.ts';
import {
  attemptOf,
  type Fetched,
  type FeedSource,
  type KnownPart,
  type Question,
  type UpdateOptions,
} from './feed-question.ts';
import { readChanges } from './read-changes.ts';
import { failed, readPath, readWhole } from './read-whole.ts';

const archiveIn = (ecosystem: string): readonly [string, string] => [ecosystem, 'all.zip'];

/** The files of a feed. */
export const sourcesOf = ({ format, url, path = '', ecosystems = [] }: Feed): readonly FeedSource[] => {
  if (format === 'kev') return [{ ecosystem: exploitedList, source: url ?? path }];
  return ecosystems.map((ecosystem) => ({
    ecosystem,
    source:
      url === undefined
        ? join(path, ...archiveIn(ecosystem))
        : [url, ...archiveIn(ecosystem).map(encodeURIComponent)].join('/'),
  }));
};

/** Only what changed, where that can be had; else all of the file, and why. */
const fetchUrl = async (question: Question, options: UpdateOptions): Promise<Fetched> => {
  const changes = await readChanges(question, options);
  if (changes.kind === 'read') return changes.fetched;
  const whole = await readWhole(question, options);
  if (changes.why === undefined) return whole;
  return { ...whole, attempt: { ...whole.attempt, wholeBecause: changes.why } };
};

const fetchOne = async (question: Question, options: UpdateOptions): Promise<Fetched> => {
  try {
    return question.feed.url === undefined ? readPath(question) : await fetchUrl(question, options);
  } catch (error) {
    return failed(question, whyNot(error));
  }
};

/** What a server may speak of as unchanged: the same address, and its part is the one in force. */
const knownOf = (
  feed: Feed,
  { ecosystem, source }: FeedSource,
  attempts: readonly FeedAttempt[],
  current: LoadedGeneration | undefined,
): KnownPart | undefined => {
  const attempt = attempts.find(
    (one) => one.feed === feed.name && one.ecosystem === ecosystem && one.source === source,
  );
  const inForce = current?.generation.parts.find(
    (part) => part.feed === feed.name && part.ecosystem === ecosystem && part.digest === attempt?.digest,
  );
  const summary = inForce && current?.readers.get(inForce.digest)?.summary;
  return attempt === undefined || summary === undefined ? undefined : { attempt, summary };
};

/** Puts in force what a file brought, and says what came of it. */
const putFetched = async (
  question: Question,
  { attempt, offer, records, renewed }: Fetched,
  { folder, isLossAccepted = false }: UpdateOptions,
): Promise<Result<FeedAttempt, string>> => {
  if (offer === undefined && renewed === undefined) return ok(attempt);
  const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
  const put = await putParts(folder, listOf(offer), { isLossAccepted }, listOf(renewed));
  if (!put.ok) return put;
  const [outcome] = put.value;
  if (outcome === undefined || offer === undefined) return ok(attempt);
  const { read, changed, wholeBecause } = attempt;
  const told = {
    ...(read === undefined ? {} : { read }),
    ...(changed === undefined ? {} : { changed }),
    ...(wholeBecause === undefined ? {} : { wholeBecause }),
  };
  if (outcome.kind === 'refused') {
    const why = `${outcome.refusal.kind}: ${outcome.refusal.why}`;
    return ok({ ...attemptOf(question, 'refused', why), ...told });
  }
  if (records === undefined) return ok({ ...attempt, outcome: outcome.kind });
  const list = await keepRecords(folder, offer.part.digest, writeRecordList(records));
  return ok({ ...attempt, outcome: outcome.kind, records: list });
};

const updateOne = async (
  feed: Feed,
  source: FeedSource,
  options: UpdateOptions,
): Promise<Result<FeedAttempt, string>> => {
  const attempts = await readAttempts(options.folder);
  const known = await withUsable(options.folder, async (current) => knownOf(feed, source, attempts, current));
  const question = { feed, source, known, at: options.now() };
  const attempt = await putFetched(question, await fetchOne(question, options), options);
  if (attempt.ok) await writeAttempts(options.folder, [attempt.value]);
  return attempt;
};

/**
 * Asks a feed again, and puts in force what is accepted (V15). One file after the other: the largest fill hundreds of
 * megabytes.
 *
 * @returns what came of each file; or why nothing could be written
 */
export const updateFeed = async (
  feed: Feed,
  options: UpdateOptions,
): Promise<Result<readonly FeedAttempt[], string>> => {
  const done: FeedAttempt[] = [];
  for (const source of sourcesOf(feed)) {
    if (options.signal.aborted) return fail('the update was ended');
    options.onFile?.(feed.name, source.ecosystem);
    const attempt = await updateOne(feed, source, options);
    if (!attempt.ok) return attempt;
    done.push(attempt.value);
  }
  return ok(done);
};
