import * as z from 'zod';
import { algorithmOf, hexOf, type Digest } from '../../../core/image/digest.ts';
import { ok, type Result } from '../../../core/result.ts';
import { objectOf, type JsonObject } from '../../../core/text/json/json.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { shownName } from '../../../core/text/shown-text.ts';
import { firstIssue } from '../form/fields.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';

const payloadType = 'application/vnd.in-toto+json';
const statementTypes = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];
const maxSubjects = 1024;
const maxDigests = 32;
/** A list of packages has a million values; a worker has the time and the memory for them, a review would not. */
const limits = { values: 2_000_000, escapes: 4_000_000 };

const statementFields = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string().min(1).max(1024),
});

/** An in-toto statement about the digest that is judged. */
export interface Statement {
  readonly predicateType: string;
  readonly predicate: JsonObject;
  /** Of the subject that is judged. */
  readonly annotations: JsonObject;
  /** All of it, as it was signed. */
  readonly document: JsonObject;
}

/**
 * Reads a statement that a signature holds for. One of its subjects has to be the digest that is judged (S1); its type is
 * read from the signed bytes, never from a hint beside them (S4).
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export const readStatement = (
  type: string,
  bytes: Uint8Array,
  subject: Digest,
): Result<Statement, Rejection> => {
  if (type !== payloadType)
    return reject('mismatch', `the signed payload is no statement but '${shownName(type)}'`);
  const json = readJsonObject(bytes, limits);
  if (!json.ok) return rejectUnreadable('the signed statement', json.error);
  const statement = statementFields.safeParse(json.value);
  if (!statement.success)
    return reject('unreadable', `the signed statement has ${firstIssue(statement.error)}`);
  const { _type, subject: subjects, predicateType } = statement.data;
  if (!statementTypes.includes(_type))
    return reject('mismatch', `the signed payload is no statement but '${shownName(_type)}'`);
  if (subjects.length > maxSubjects || subjects.some(({ digest }) => Object.keys(digest).length > maxDigests))
    return reject(
      'limit',
      `the statement has more than ${maxSubjects} subjects or ${maxDigests} digests of one`,
    );
  const at = subjects.findIndex(({ digest }) => {
    const algorithm = algorithmOf(subject);
    return Object.hasOwn(digest, algorithm) && digest[algorithm] === hexOf(subject);
  });
  if (at < 0) return reject('mismatch', 'the statement is about other digests');
  const judged = (json.value['subject'] as readonly JsonObject[])[at];
  return ok({
    predicateType,
    predicate: objectOf(json.value['predicate']),
    annotations: objectOf(judged?.['annotations']),
    document: json.value,
  });
};
