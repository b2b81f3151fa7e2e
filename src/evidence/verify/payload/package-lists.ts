import { ok, fail, type Result } from '../../../core/result.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import {
  isSbomPredicate,
  readBareSbom,
  readSbomPredicate,
} from '../../../core/vulnerability/sbom/read-sbom.ts';
import { readDsse } from '../form/dsse.ts';
import { readSigstoreBundle } from '../form/sigstore-bundle.ts';
import type { SignedPayload } from '../form/signed-material.ts';
import type { Rejection } from '../rejection.ts';
import type { CandidateLayer, Verification } from '../verification.ts';
import { readStatement, type Statement } from './statement.ts';

/** Absent: a layer of another kind. */
const payloadOf = (
  layer: CandidateLayer,
  verification: Verification,
): Result<SignedPayload, Rejection> | undefined => {
  switch (layer.form) {
    case 'statement':
      return ok({ kind: 'dsse', type: layer.mediaType, bytes: layer.bytes });
    case 'dsse':
    case 'bundle': {
      const material = layer.form === 'dsse' ? readDsse(layer) : readSigstoreBundle(layer, verification);
      return material.ok ? ok(material.value.payload) : material;
    }
    case 'simple-signing':
    case 'package-list':
      return undefined;
    default:
      return layer.form satisfies never;
  }
};

/** The package list that a statement holds; absent: it is about something else. */
export const attestedList = ({
  predicateType,
  predicate,
}: Statement): Result<PackageList, string> | undefined => {
  if (!isSbomPredicate(predicateType)) return undefined;
  const list = readSbomPredicate(predicateType, predicate);
  return list.ok ? list : fail(list.error.why);
};

/**
 * The package list in a layer, whoever wrote it. A statement has to be about the image that is judged; what is about another
 * one, or is no list, is none (S1). What cannot be read may have been one, so it is told (V16).
 */
export const packageListsIn = (
  layer: CandidateLayer,
  verification: Verification,
): readonly Result<PackageList, string>[] => {
  if (layer.form === 'package-list') {
    const list = readBareSbom(layer.bytes);
    return [list.ok ? list : fail(list.error.why)];
  }
  const payload = payloadOf(layer, verification);
  if (payload === undefined) return [];
  if (!payload.ok) return [fail(payload.error.why)];
  if (payload.value.kind !== 'dsse') return [];
  const { type, bytes } = payload.value;
  const statement = readStatement(type, bytes, verification.subject.digest);
  if (!statement.ok) return statement.error.fault === 'mismatch' ? [] : [fail(statement.error.why)];
  const list = attestedList(statement.value);
  return list === undefined ? [] : [list];
};
