import { ok, type Result } from '../../../core/result.ts';
import { reject, type Rejection } from '../rejection.ts';
import { readBase64 } from '../signature/base64.ts';
import type { CandidateLayer } from '../verification.ts';
import { readAnnotatedMaterial } from './annotated-material.ts';
import type { SignedMaterial } from './signed-material.ts';

const mediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const maxPayload = 64 * 1024;

/**
 * A payload in a layer, its signature in an annotation of the layer, as cosign wrote both up to version 2.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export const readSimpleSigning = (layer: CandidateLayer): Result<SignedMaterial, Rejection> => {
  if (layer.mediaType !== mediaType) return reject('unreadable', `its layer is not of the type ${mediaType}`);
  if (layer.bytes.length > maxPayload)
    return reject('limit', `its payload is larger than ${maxPayload} bytes`);
  const signature = readBase64(layer.annotations[signatureAnnotation] ?? '');
  if (signature === undefined || signature.length === 0)
    return reject('unreadable', `its layer has no base64 in the annotation ${signatureAnnotation}`);
  const beside = readAnnotatedMaterial(layer);
  if (!beside.ok) return beside;
  return ok({
    form: 'simple-signing',
    payload: { kind: 'simple-signing', bytes: layer.bytes },
    message: { bytes: layer.bytes },
    signatures: [signature],
    ...beside.value,
  });
};
