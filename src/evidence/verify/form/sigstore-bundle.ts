import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';
import type { CandidateLayer } from '../verification.ts';
import { envelopeFields, signedEnvelope } from './dsse.ts';
import { base64Field, firstIssue } from './fields.ts';
import type { SignedMaterial } from './signed-material.ts';

const mediaTypes = [
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
] as const;
/** A bundle of a signature; an attestation may be as large as an envelope beside it. */
const maxBundle = { signed: 4 * 1024 * 1024, attested: 22 * 1024 * 1024 };
const limits = { values: 10_000, escapes: 100_000 };

const hashNames: Readonly<Record<string, string>> = {
  SHA2_256: 'sha256',
  SHA2_384: 'sha384',
  SHA2_512: 'sha512',
};

const bundleFields = z.object({
  mediaType: z.enum(mediaTypes),
  verificationMaterial: z.object({
    publicKey: z.object({ hint: z.string().max(1024).optional() }).optional(),
  }),
  messageSignature: z
    .object({
      messageDigest: z.object({ algorithm: z.string(), digest: base64Field }),
      signature: base64Field,
    })
    .optional(),
  dsseEnvelope: envelopeFields.optional(),
});
type Bundle = z.infer<typeof bundleFields>;

type Content = Pick<SignedMaterial, 'payload' | 'message' | 'signatures'>;

const contentOf = (
  { messageSignature, dsseEnvelope }: Bundle,
  manifest: Uint8Array,
): Result<Content, Rejection> => {
  if ((messageSignature === undefined) === (dsseEnvelope === undefined))
    return reject('unreadable', 'the bundle has not exactly one of messageSignature and dsseEnvelope');
  if (dsseEnvelope !== undefined) {
    return dsseEnvelope.signatures.length === 1
      ? ok(signedEnvelope(dsseEnvelope))
      : reject('unreadable', 'the envelope of the bundle has more than one signature');
  }
  const { messageDigest, signature } = messageSignature as NonNullable<Bundle['messageSignature']>;
  const hash = hashNames[messageDigest.algorithm];
  if (hash === undefined) return reject('unreadable', 'the bundle names no SHA-2 digest of its message');
  if (!createHash(hash).update(manifest).digest().equals(messageDigest.digest))
    return reject('mismatch', 'the bundle is about other bytes');
  return ok({ payload: { kind: 'manifest' }, message: manifest, signatures: [signature] });
};

/**
 * A Sigstore bundle in a layer.
 * @param says a bundle that attests may be larger
 * @param manifest what a message signature signs
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export const readSigstoreBundle = (
  layer: CandidateLayer,
  says: 'signed' | 'attested',
  manifest: Uint8Array,
): Result<SignedMaterial, Rejection> => {
  if (!mediaTypes.some((type) => type === layer.mediaType))
    return reject('unreadable', 'its layer is no bundle of version 0.1 to 0.3');
  if (layer.bytes.length > maxBundle[says])
    return reject('limit', `the bundle is larger than ${maxBundle[says]} bytes`);
  const json = readJsonObject(layer.bytes, limits);
  if (!json.ok) return rejectUnreadable('the bundle', json.error);
  const bundle = bundleFields.safeParse(json.value);
  if (!bundle.success) return reject('unreadable', `the bundle has ${firstIssue(bundle.error)}`);
  const content = contentOf(bundle.data, manifest);
  if (!content.ok) return content;
  return ok({ form: 'bundle', ...content.value });
};
