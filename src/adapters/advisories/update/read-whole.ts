import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { fail, ok, type Result } from '../../../core/result.ts';
import { withScratchFile } from '../../../files/scratch-file.ts';
import { fileSource, type ByteSource } from '../../../files/zip/byte-source.ts';
import { compileKev, maxKevBytes } from '../compile-kev.ts';
import type { Part } from '../compile-part.ts';
import { compileOsvZip } from '../osv-zip.ts';
import { createRecordList, type ListedRecord } from '../change/record-list.ts';
import type { FeedAttempt } from './attempts.ts';
import type { FeedValidators } from './feed.ts';
import {
  attemptOf,
  isConditional,
  neverRead,
  newAttempt,
  unchanged,
  type Fetched,
  type Question,
  type UpdateOptions,
} from './feed-question.ts';
import { changesSince } from './read-changes.ts';

/** The largest file of OSV, that of npm, has 210 MB. */
export const maxFeedBytes = 512 * 1024 * 1024;

interface Compiled {
  readonly part: Part;
  /** Absent: they cannot be asked for one by one. */
  readonly records?: readonly ListedRecord[];
  /** Of the list of changes that was followed from there. */
  readonly changes?: FeedValidators;
}

const compile = (
  { feed: { format, url }, source: { ecosystem }, at }: Question,
  file: ByteSource,
): Result<Compiled, string> => {
  const most = format === 'kev' ? maxKevBytes : maxFeedBytes;
  if (file.size > most) return fail(`too-large: it has more than ${most} bytes`);
  // Nobody is asked for single records of a file on this machine, or of the list of those that are exploited.
  const list = format === 'osv' && url !== undefined ? createRecordList() : undefined;
  const part =
    format === 'kev'
      ? compileKev(file.read(0, file.size), at)
      : compileOsvZip(file, ecosystem, at, list && { onState: list.onState });
  if (!part.ok) return fail(`${part.error.kind}: ${part.error.what}`);
  const records = list?.records();
  return ok({ part: part.value, ...(records === undefined ? {} : { records }) });
};

const offered = (
  question: Question,
  { part, records, changes }: Compiled,
  validators: FeedValidators,
): Fetched => {
  const { feed, at } = question;
  // Nobody knows how long a file has lain there: it is as old as its newest record (V15).
  const asOf = feed.url === undefined ? part.summary.newest : at.toISOString();
  if (asOf === undefined)
    return { attempt: attemptOf(question, 'refused', 'no record has a time; import it with --as-of') };
  const attempt: FeedAttempt = {
    ...newAttempt(question, 'accepted'),
    digest: part.digest,
    ...validators,
    ...(changes === undefined ? {} : { changes }),
    read: 'whole',
    wholeAt: at.toISOString(),
  };
  return {
    attempt,
    offer: { feed: feed.name, part, asOf },
    ...(records === undefined ? {} : { records }),
  };
};

/** A file that lags behind the changes in force would be refused as older: what it lacks is asked for. */
const caughtUp = async (
  question: Question,
  { part, records }: Compiled,
  options: UpdateOptions,
): Promise<Fetched | undefined> => {
  const isBehind = (part.summary.newest ?? '') < (question.known?.summary.newest ?? '');
  if (!isBehind || records === undefined) return undefined;
  const next = await changesSince(question, { part, records }, options);
  // What is in force then is not what the server's file makes: no 304 of that file speaks of it.
  return next === undefined ? undefined : offered(question, next, {});
};

export const failed = (question: Question, why: string): Fetched => ({
  attempt: attemptOf(question, 'failed', why),
});

export const readPath = (question: Question): Fetched => {
  // Without blocking. Attack: a pipe in place of the file, without a writer.
  const descriptor = openSync(question.source.source, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) return failed(question, 'not-regular');
    const made = compile(question, fileSource(descriptor));
    return made.ok
      ? offered(question, made.value, {})
      : { attempt: attemptOf(question, 'refused', made.error) };
  } finally {
    closeSync(descriptor);
  }
};

/** What the server says "unchanged" of is what the whole file makes. */
const stillWhole = (question: Question): Fetched => {
  const { known, at } = question;
  // Without a condition nothing was asked that this could answer.
  if (known?.attempt.digest === undefined || !isConditional(known.attempt))
    return failed(question, neverRead);
  return unchanged(question, known.attempt.digest, { read: 'whole', wholeAt: at.toISOString() });
};

/** Into a file: what a server sends may be hundreds of megabytes, and the memory of the gate is small. */
export const readWhole = (question: Question, options: UpdateOptions): Promise<Fetched> =>
  withScratchFile(options.folder, async (descriptor) => {
    const { feed, source, known } = question;
    const take = (chunk: Uint8Array): void => {
      for (let done = 0; done < chunk.length;) done += writeSync(descriptor, chunk, done);
    };
    const asked = { known: known?.attempt, take, maxBytes: maxFeedBytes };
    const answer = await options.client.get(feed, source.source, asked, options.signal);
    if (!answer.ok) return failed(question, answer.error);
    if (answer.value.kind === 'absent') return failed(question, answer.value.why);
    if (answer.value.kind === 'unchanged') return stillWhole(question);
    const made = compile(question, fileSource(descriptor));
    if (!made.ok) return { attempt: attemptOf(question, 'refused', made.error) };
    const { validators } = answer.value;
    return (await caughtUp(question, made.value, options)) ?? offered(question, made.value, validators);
  });
