import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { base64Field, firstIssue } from '../form/fields.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';

/** An entry of a transparency log as a candidate brings it: nothing of it is believed before a log has signed it. */
export interface LogEntry {
  readonly logId: Uint8Array;
  /** Decimal digits. */
  readonly index: string;
  readonly kind: string;
  readonly version: string;
  /** Seconds since 1970; absent where the log names no time, as Rekor v2. */
  readonly integratedTime?: number;
  /** The log's promise to show the entry, which signs the time too. */
  readonly promise?: Uint8Array;
  readonly proof?: {
    readonly index: string;
    readonly rootHash: Uint8Array;
    readonly treeSize: string;
    readonly hashes: readonly Uint8Array[];
    readonly checkpoint: string;
  };
  readonly body: Uint8Array;
}

/** What a tree of 2^63 entries has, and what a checkpoint with many witnesses has. */
const maxHashes = 64;
const maxCheckpoint = 32 * 1024;

/** An int64 in the JSON of protocol buffers: a text of digits, or a number; absent where it is zero. */
const int64 = z.union([z.string().regex(/^\d{1,19}$/), z.int().nonnegative().transform(String)]).default('0');

const proofFields = z.object({
  logIndex: int64,
  rootHash: base64Field,
  treeSize: int64,
  hashes: z.array(base64Field).max(maxHashes).default([]),
  checkpoint: z.object({ envelope: z.string().min(1).max(maxCheckpoint) }).optional(),
});

/** An entry in a bundle. */
export const logEntryFields = z
  .object({
    logIndex: int64,
    logId: z.object({ keyId: base64Field }),
    kindVersion: z.object({ kind: z.string(), version: z.string() }),
    integratedTime: int64,
    inclusionPromise: z.object({ signedEntryTimestamp: base64Field }).nullish(),
    inclusionProof: proofFields.nullish(),
    canonicalizedBody: base64Field,
  })
  .transform((entry): LogEntry => {
    const { inclusionPromise: promise, inclusionProof: proof } = entry;
    return {
      logId: entry.logId.keyId,
      index: entry.logIndex,
      ...entry.kindVersion,
      ...(entry.integratedTime !== '0' && { integratedTime: Number(entry.integratedTime) }),
      ...(promise && { promise: promise.signedEntryTimestamp }),
      // A proof without a checkpoint proves only that somebody knows how to hash.
      ...(proof?.checkpoint && {
        proof: {
          index: proof.logIndex,
          rootHash: proof.rootHash,
          treeSize: proof.treeSize,
          hashes: proof.hashes,
          checkpoint: proof.checkpoint.envelope,
        },
      }),
      body: entry.canonicalizedBody,
    };
  });

const annotationFields = z.object({
  SignedEntryTimestamp: base64Field,
  Payload: z.object({
    body: base64Field,
    integratedTime: z.int().positive(),
    logIndex: z.int().nonnegative(),
    logID: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .transform((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
  }),
});
const kindFields = z.object({ kind: z.string(), apiVersion: z.string() });

const maxAnnotation = 64 * 1024;

/** An entry in an annotation of cosign. Kind and version stand in its body alone. */
export const readLogAnnotation = (text: string): Result<LogEntry, Rejection> => {
  if (text.length > maxAnnotation)
    return reject('limit', `its log entry is larger than ${maxAnnotation} bytes`);
  const json = readJsonObject(Buffer.from(text, 'utf8'));
  if (!json.ok) return rejectUnreadable('its log entry', json.error);
  const fields = annotationFields.safeParse(json.value);
  if (!fields.success) return reject('unreadable', `its log entry has ${firstIssue(fields.error)}`);
  const { SignedEntryTimestamp: promise, Payload: payload } = fields.data;
  const body = readJsonObject(payload.body);
  if (!body.ok) return rejectUnreadable('the body of its log entry', body.error);
  const kind = kindFields.safeParse(body.value);
  if (!kind.success) return reject('unreadable', `the body of its log entry has ${firstIssue(kind.error)}`);
  return ok({
    logId: payload.logID,
    index: String(payload.logIndex),
    kind: kind.data.kind,
    version: kind.data.apiVersion,
    integratedTime: payload.integratedTime,
    promise,
    body: payload.body,
  });
};

/** Names an entry, so that one that stands there twice is seen once. */
export const entryKey = ({ logId, body }: LogEntry): string =>
  `${Buffer.from(logId).toString('hex')} ${createHash('sha256').update(body).digest('hex')}`;
