import { mapLimit } from '../../../concurrency/map-limit.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { objectOf, textOf } from '../../../core/text/json/json.ts';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { readAdvisory } from '../../../core/vulnerability/read-advisory.ts';
import type { RecordChanges } from '../change/change-part.ts';
import type { ReadRecord } from '../compile-part.ts';
import { recordFile, type ListedRecord } from '../change/record-list.ts';
import type { FeedValidators } from './feed.ts';
import { isConditional, neverRead, type Question, type UpdateOptions } from './feed-question.ts';
import {
  isSameInstant,
  listedChanges,
  maxModifiedListBytes,
  modifiedListName,
  readModifiedList,
} from './modified-list.ts';

/** More changes than these cost more than the whole file. */
export const changeLimits = {
  records: 1000,
  /** Of all records; a feed with few may have `always`. */
  share: 0.05,
  always: 50,
  /** Of all records that are asked for together. */
  bytes: 32 * 1024 * 1024,
};
const maxDuration = 5 * 60_000;
const atOnce = 8;

/** What a server says that changed. */
export type FeedChanges =
  /** It has no list of changes. */
  | { readonly kind: 'no-list' }
  /** Nothing since it was asked last. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'changed';
      /** The records before. */
      readonly records: readonly ListedRecord[];
      readonly changes: RecordChanges;
      readonly validators: FeedValidators;
    };

type Asking = Pick<Question, 'feed' | 'source'>;

/** Beside the file with all records. */
const addressOf = ({ source }: Asking, name: string): string =>
  source.source.slice(0, source.source.lastIndexOf('/') + 1) + encodeURIComponent(name);

const tooMany = (count: number, all: number): string | undefined => {
  const most = Math.min(
    changeLimits.records,
    Math.max(changeLimits.always, Math.floor(all * changeLimits.share)),
  );
  return count > most ? `${count} records changed, more than ${most}` : undefined;
};

/** The record that was asked for, of the time that the list says; anything else is not what the list speaks of. */
const readChanged = (bytes: Buffer, id: string, time: string): Result<ReadRecord, string> => {
  const value = parseJson(bytes.toString('utf8'));
  const fields = objectOf(value);
  // Attack: another record, or this one as it was before, in its place.
  if (textOf(fields['id']) !== id) return fail(`${id} is another record`);
  const modified = textOf(fields['modified']);
  return isSameInstant(modified, time)
    ? ok({ name: recordFile(id), record: readAdvisory(value) })
    : fail(`${id} is of ${modified || 'no time'}, and ${modifiedListName} says ${time}`);
};

/** Asks for records one by one, within one bound of bytes and of time for all of them. */
const createRecordRequests = (asking: Asking, { client, signal }: UpdateOptions) => {
  const maxBytes = changeLimits.bytes;
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal, AbortSignal.timeout(maxDuration)]);
  let total = 0;
  const get = async (id: string): Promise<Result<Buffer | undefined, string>> => {
    const chunks: Buffer[] = [];
    const take = (chunk: Uint8Array): void => {
      total += chunk.length;
      if (total > maxBytes) over.abort();
      else chunks.push(Buffer.from(chunk));
    };
    const answer = await client.get(
      asking.feed,
      addressOf(asking, recordFile(id)),
      { known: undefined, take, maxBytes },
      end,
    );
    if (total > maxBytes) return fail(`the records that changed have more than ${maxBytes} bytes`);
    if (!answer.ok) return fail(`${id}: ${answer.error}`);
    if (answer.value.kind === 'taken') return ok(Buffer.concat(chunks));
    return answer.value.kind === 'absent' ? ok(undefined) : fail(`${id}: nobody asked whether it changed`);
  };
  return { get, stop: () => over.abort() };
};

/** All of them, or why one cannot be had: the others alone would be a mixture that nobody published. */
const getRecords = async (
  asking: Asking,
  wanted: readonly (readonly [id: string, time: string | undefined])[],
  options: UpdateOptions,
): Promise<Result<RecordChanges, string>> => {
  const requests = createRecordRequests(asking, options);
  const changes = new Map<string, ReadRecord | undefined>();
  let fault: string | undefined;
  await mapLimit(wanted, atOnce, async ([id, time]) => {
    if (fault !== undefined) return;
    const found = await requests.get(id);
    const read = found.ok ? recordOf(found.value, id, time) : found;
    if (read.ok) changes.set(id, read.value);
    else {
      fault ??= read.error;
      requests.stop();
    }
  });
  return fault === undefined ? ok(changes) : fail(fault);
};

/** @param time absent: the list does not have it any more, and the server must not have it either */
const recordOf = (
  bytes: Buffer | undefined,
  id: string,
  time: string | undefined,
): Result<ReadRecord | undefined, string> => {
  if (time === undefined)
    return bytes === undefined
      ? ok(undefined)
      : fail(`${modifiedListName} does not list ${id}, which is there`);
  return bytes === undefined ? fail(`${id} is listed, and is not there`) : readChanged(bytes, id, time);
};

/**
 * Asks what changed since a part was made of these records, and for each record that did.
 *
 * @param recordsOf read when the server does not say that nothing changed
 * @param known what a server may answer 304 to; absent: it must say all
 * @returns or why only what changed cannot be read
 */
export const fetchChanges = async (
  asking: Asking,
  recordsOf: () => Promise<Result<readonly ListedRecord[], string>>,
  known: FeedValidators | undefined,
  options: UpdateOptions,
): Promise<Result<FeedChanges, string>> => {
  const chunks: Buffer[] = [];
  const take = (chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk));
  const answer = await options.client.get(
    asking.feed,
    addressOf(asking, modifiedListName),
    { known, take, maxBytes: maxModifiedListBytes },
    options.signal,
  );
  if (!answer.ok) return fail(`${modifiedListName}: ${answer.error}`);
  const { value } = answer;
  if (value.kind === 'absent') return ok({ kind: 'no-list' });
  if (value.kind === 'unchanged')
    return known === undefined || !isConditional(known)
      ? fail(`${modifiedListName}: ${neverRead}`)
      : ok({ kind: 'unchanged' });
  const list = readModifiedList(Buffer.concat(chunks).toString('latin1'));
  if (!list.ok) return list;
  const records = await recordsOf();
  if (!records.ok) return records;
  const listed = listedChanges(list.value, records.value);
  if (!listed.ok) return listed;
  const { changed, gone } = listed.value;
  const wanted = [...changed, ...gone.map((id) => [id, undefined] as const)];
  const why = tooMany(wanted.length, records.value.length);
  if (why !== undefined) return fail(why);
  const changes = await getRecords(asking, wanted, options);
  return changes.ok
    ? ok({
        kind: 'changed',
        records: records.value,
        changes: changes.value,
        validators: value.validators,
      })
    : changes;
};
