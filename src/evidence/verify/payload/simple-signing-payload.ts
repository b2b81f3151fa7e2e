import * as z from 'zod';
import type { Digest } from '../../../core/image/digest.ts';
import { ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { shownName } from '../../../core/text/shown-text.ts';
import { firstIssue } from '../form/fields.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';
import { textAnnotations } from './annotations.ts';
import type { SignedWord } from './signed-word.ts';

const signatureType = 'cosign container image signature';
const limits = { values: 5000, escapes: 10_000 };

const payloadFields = z.object({
  critical: z.object({
    identity: z.object({ 'docker-reference': z.string() }).optional(),
    image: z.object({ 'docker-manifest-digest': z.string() }),
    type: z.string(),
  }),
});

/**
 * Reads a simple-signing payload that a signature holds for. Its digest has to be the one that is judged (S1), its type
 * the literal of cosign (S4).
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export const readSimpleSigningPayload = (
  bytes: Uint8Array,
  subject: Digest,
): Result<SignedWord, Rejection> => {
  const json = readJsonObject(bytes, limits);
  if (!json.ok) return rejectUnreadable('the signed payload', json.error);
  const payload = payloadFields.safeParse(json.value);
  if (!payload.success) return reject('unreadable', `the signed payload has ${firstIssue(payload.error)}`);
  const { identity, image, type } = payload.data.critical;
  if (type !== signatureType)
    return reject('mismatch', `the signed payload is no image signature: its type is '${shownName(type)}'`);
  const digest = image['docker-manifest-digest'];
  if (digest !== subject) return reject('mismatch', `the signature is about ${shownName(digest)}`);
  const name = identity?.['docker-reference'];
  return ok({
    says: 'signed',
    ...(name !== undefined && name !== '' && { name }),
    annotations: textAnnotations(json.value['optional']),
  });
};
