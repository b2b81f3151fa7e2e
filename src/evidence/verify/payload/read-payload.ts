import { ok, type Result } from '../../../core/result.ts';
import { isJsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { shownName } from '../../../core/text/shown-text.ts';
import type { SignedPayload } from '../form/signed-material.ts';
import { reject, type Rejection } from '../rejection.ts';
import type { Verification } from '../verification.ts';
import { textAnnotations } from './annotations.ts';
import { provenanceOf } from './provenance.ts';
import type { SignedWord } from './signed-word.ts';
import { readSimpleSigningPayload } from './simple-signing-payload.ts';
import { readStatement, type Statement } from './statement.ts';

/** The statement by which cosign 3 signs an image. Every other one attests something (CVE-2026-39395 was this class). */
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

/** A list or a text as predicate says something too. */
const isNothing = (predicate: JsonValue | undefined): boolean =>
  predicate === undefined ||
  predicate === null ||
  (isJsonObject(predicate) && Object.keys(predicate).length === 0);

const wordOfStatement = (statement: Statement): Result<SignedWord, Rejection> => {
  const { predicateType, predicate, annotations } = statement;
  if (predicateType !== signaturePredicate) {
    const provenance = provenanceOf(predicateType, predicate);
    return ok({ says: 'attested', predicateType, ...(provenance && { provenance }), statement });
  }
  if (!isNothing(statement.document['predicate']))
    return reject(
      'mismatch',
      `a statement of type ${signaturePredicate} says more than that the image is signed`,
    );
  return ok({ says: 'signed', annotations: textAnnotations(annotations) });
};

const read = (payload: SignedPayload, { subject }: Verification): Result<SignedWord, Rejection> => {
  switch (payload.kind) {
    case 'simple-signing':
      return readSimpleSigningPayload(payload.bytes, subject.digest);
    case 'dsse': {
      const statement = readStatement(payload.type, payload.bytes, subject.digest);
      return statement.ok ? wordOfStatement(statement.value) : statement;
    }
    case 'manifest':
      return ok({ says: 'signed', annotations: {} });
    default:
      return payload satisfies never;
  }
};

/** What signed bytes say of the subject. An attestation is never taken for a signature, nor the reverse (S4). */
export const readPayload = (
  payload: SignedPayload,
  verification: Verification,
): Result<SignedWord, Rejection> => {
  const word = read(payload, verification);
  if (!word.ok || word.value.says === verification.says) return word;
  return reject(
    'mismatch',
    word.value.says === 'signed'
      ? 'it is a signature, not an attestation'
      : `it is an attestation of type ${shownName(word.value.predicateType)}, not a signature`,
  );
};
