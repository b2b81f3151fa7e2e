import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { exploitedList } from '../../../core/vulnerability/advisory.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { withScratchFile } from '../../../files/scratch-file.ts';
import { fileSource, type ByteSource } from '../../../files/zip/byte-source.ts';
import { whyNot } from '../../../files/file-problem.ts';
import type { LoadedGeneration } from '../advisory-folder.ts';
import { compileKev, maxKevBytes } from '../compile-kev.ts';
import type { Part } from '../compile-part.ts';
import type { GenerationPart } from '../generation.ts';
import { compileOsvZip } from '../osv-zip.ts';
import { putParts, withUsable, type OfferedPart } from '../put-parts.ts';
import { readAttempts, writeAttempts, type FeedAttempt, type UpdateOutcome } from './attempts.ts';
import { validatorsOf, type Feed, type FeedClient, type FeedValidators } from './feed.ts';

/** The largest file of OSV, that of npm, has 210 MB. */
export const maxFeedBytes = 512 * 1024 * 1024;

interface UpdateOptions {
  readonly folder: string;
  readonly client: FeedClient;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly isLossAccepted?: boolean;
  /** Called before each file is asked for. */
  readonly onFile?: (feed: string, ecosystem: string) => void;
}

interface Source {
  readonly ecosystem: string;
  readonly source: string;
}

const archiveIn = (ecosystem: string): readonly [string, string] => [ecosystem, 'all.zip'];

/** The files of a feed. */
export const sourcesOf = ({ format, url, path = '', ecosystems = [] }: Feed): readonly Source[] => {
  if (format === 'kev') return [{ ecosystem: exploitedList, source: url ?? path }];
  return ecosystems.map((ecosystem) => ({
    ecosystem,
    source:
      url === undefined
        ? join(path, ...archiveIn(ecosystem))
        : [url, ...archiveIn(ecosystem).map(encodeURIComponent)].join('/'),
  }));
};

const compile = (
  { format }: Feed,
  { ecosystem }: Source,
  file: ByteSource,
  at: Date,
): Result<Part, string> => {
  const most = format === 'kev' ? maxKevBytes : maxFeedBytes;
  if (file.size > most) return fail(`too-large: it has more than ${most} bytes`);
  const part =
    format === 'kev' ? compileKev(file.read(0, file.size), at) : compileOsvZip(file, ecosystem, at);
  return part.ok ? part : fail(`${part.error.kind}: ${part.error.what}`);
};

/** One file, asked for and read. */
interface Fetched {
  readonly attempt: FeedAttempt;
  /** What may be put in force. */
  readonly offer?: OfferedPart;
  /** The server says that this is still true. */
  readonly renewed?: GenerationPart;
}

/** Who is asked for what, and what is known of it. */
interface Question {
  readonly feed: Feed;
  readonly source: Source;
  readonly known: FeedAttempt | undefined;
  readonly at: Date;
}

/** An update that brought nothing keeps the validators of the last good answer, so that the next is compared with it. */
const attemptOf = (
  { feed, source, known, at }: Question,
  outcome: UpdateOutcome,
  why?: string,
): FeedAttempt => ({
  feed: feed.name,
  ...source,
  triedAt: at.toISOString(),
  outcome,
  ...(why === undefined ? {} : { why: shown(why) }),
  ...validatorsOf(known?.etag, known?.lastModified),
  ...(known?.digest === undefined ? {} : { digest: known.digest }),
});

const unchanged = (question: Question): Fetched => {
  const { feed, source, known, at } = question;
  if (known?.digest === undefined)
    return { attempt: attemptOf(question, 'failed', 'the server says "unchanged" of what was never read') };
  const { digest } = known;
  return {
    attempt: attemptOf(question, 'unchanged'),
    renewed: { feed: feed.name, ecosystem: source.ecosystem, digest, asOf: at.toISOString() },
  };
};

const compiled = (question: Question, file: ByteSource, validators: FeedValidators): Fetched => {
  const { feed, source, at } = question;
  const part = compile(feed, source, file, at);
  if (!part.ok) return { attempt: attemptOf(question, 'refused', part.error) };
  const { digest, summary } = part.value;
  // Nobody knows how long a file has lain there: it is as old as its newest record (V15).
  const asOf = feed.url === undefined ? summary.newest : at.toISOString();
  if (asOf === undefined)
    return { attempt: attemptOf(question, 'refused', 'no record has a time; import it with --as-of') };
  const attempt: FeedAttempt = {
    feed: feed.name,
    ...source,
    triedAt: at.toISOString(),
    outcome: 'accepted',
    digest,
    ...validators,
  };
  return { attempt, offer: { feed: feed.name, part: part.value, asOf } };
};

const failed = (question: Question, why: string): Fetched => ({
  attempt: attemptOf(question, 'failed', why),
});

const readPath = (question: Question): Fetched => {
  // Without blocking. Attack: a pipe in place of the file, without a writer.
  const descriptor = openSync(question.source.source, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return fstatSync(descriptor).isFile()
      ? compiled(question, fileSource(descriptor), {})
      : failed(question, 'not-regular');
  } finally {
    closeSync(descriptor);
  }
};

/** Into a file: what a server sends may be hundreds of megabytes, and the memory of the gate is small. */
const download = (question: Question, { folder, client, signal }: UpdateOptions): Promise<Fetched> =>
  withScratchFile(folder, async (descriptor) => {
    const { feed, source, known } = question;
    const take = (chunk: Uint8Array): void => {
      for (let done = 0; done < chunk.length;) done += writeSync(descriptor, chunk, done);
    };
    const answer = await client.get(feed, source.source, { known, take }, signal);
    if (!answer.ok) return failed(question, answer.error);
    return answer.value.kind === 'unchanged'
      ? unchanged(question)
      : compiled(question, fileSource(descriptor), answer.value.validators);
  });

const fetchOne = async (question: Question, options: UpdateOptions): Promise<Fetched> => {
  try {
    return question.feed.url === undefined ? readPath(question) : await download(question, options);
  } catch (error) {
    return failed(question, whyNot(error));
  }
};

/** What may be answered with 304: the same address, and its part is the one in force. */
const knownOf = (
  feed: Feed,
  { ecosystem, source }: Source,
  attempts: readonly FeedAttempt[],
  current: LoadedGeneration | undefined,
): FeedAttempt | undefined => {
  const known = attempts.find(
    (one) => one.feed === feed.name && one.ecosystem === ecosystem && one.source === source,
  );
  const isInForce = current?.generation.parts.some(
    (part) => part.feed === feed.name && part.ecosystem === ecosystem && part.digest === known?.digest,
  );
  return isInForce === true ? known : undefined;
};

/** Puts in force what a file brought, and says what came of it. */
const putFetched = async (
  question: Question,
  { attempt, offer, renewed }: Fetched,
  { folder, isLossAccepted = false }: UpdateOptions,
): Promise<Result<FeedAttempt, string>> => {
  if (offer === undefined && renewed === undefined) return ok(attempt);
  const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
  const put = await putParts(folder, listOf(offer), { isLossAccepted }, listOf(renewed));
  if (!put.ok) return put;
  const [outcome] = put.value;
  if (outcome === undefined) return ok(attempt);
  return ok(
    outcome.kind === 'refused'
      ? attemptOf(question, 'refused', `${outcome.refusal.kind}: ${outcome.refusal.why}`)
      : { ...attempt, outcome: outcome.kind },
  );
};

const updateOne = async (
  feed: Feed,
  source: Source,
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
