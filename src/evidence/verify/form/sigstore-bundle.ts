import {
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
} from '@sigstore/bundle';
import * as z from 'zod';
import { ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../core/text/json/json-document.ts';
import { isSameBytes, isSelfIssued } from '../certificate/certificate.ts';
import { entryKey, logEntryFields } from '../log/log-entry.ts';
import { reject, rejectUnreadable, type Rejection } from '../rejection.ts';
import { hashOf, type Message } from '../signature/message.ts';
import type { CandidateLayer, Verification } from '../verification.ts';
import { maxCertificates } from './annotated-material.ts';
import { envelopeFields, signedEnvelope } from './dsse.ts';
import { base64Field, firstIssue, hashNames } from './fields.ts';
import type { SignedMaterial } from './signed-material.ts';

const mediaTypes = [
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
] as const;
/** A bundle of a signature; an attestation may be as large as an envelope beside it. */
const maxBundle = { signed: 4 * 1024 * 1024, attested: 22 * 1024 * 1024 };
const limits = { values: 10_000, escapes: 100_000 };

const maxLogEntries = 8;
const maxTimestamps = 4;

const certificateField = z.object({ rawBytes: base64Field });

const bundleFields = z.object({
  mediaType: z.enum(mediaTypes),
  verificationMaterial: z.object({
    publicKey: z.object({}).nullish(),
    certificate: certificateField.nullish(),
    x509CertificateChain: z.object({ certificates: z.array(certificateField).min(1) }).nullish(),
    tlogEntries: z.array(logEntryFields).nullish(),
    timestampVerificationData: z
      .object({ rfc3161Timestamps: z.array(z.object({ signedTimestamp: base64Field })).nullish() })
      .nullish(),
  }),
  messageSignature: z
    .object({
      messageDigest: z.object({ algorithm: z.string(), digest: base64Field }),
      signature: base64Field,
    })
    .nullish(),
  dsseEnvelope: envelopeFields.nullish(),
});
type Bundle = z.infer<typeof bundleFields>;

type Content = Pick<SignedMaterial, 'payload' | 'message' | 'signatures'>;

const contentOf = (
  { messageSignature, dsseEnvelope }: Bundle,
  { digest, manifest }: Verification['subject'],
): Result<Content, Rejection> => {
  if (!messageSignature === !dsseEnvelope)
    return reject('unreadable', 'the bundle has not exactly one of messageSignature and dsseEnvelope');
  if (dsseEnvelope) {
    return dsseEnvelope.signatures.length === 1
      ? ok(signedEnvelope(dsseEnvelope))
      : reject('unreadable', 'the envelope of the bundle has more than one signature');
  }
  const { messageDigest, signature } = messageSignature as NonNullable<Bundle['messageSignature']>;
  const algorithm = hashNames[messageDigest.algorithm];
  if (algorithm === undefined) return reject('unreadable', 'the bundle names no SHA-2 digest of its message');
  const message: Message = manifest === undefined ? { digest } : { bytes: manifest };
  const hash = hashOf(message, algorithm);
  if (hash === undefined || !isSameBytes(hash, messageDigest.digest))
    return reject('mismatch', 'the bundle is about other bytes');
  return ok({ payload: { kind: 'manifest' }, message, signatures: [signature] });
};

type Verifiers = Pick<SignedMaterial, 'certificates' | 'entries' | 'entriesNeed' | 'timestamps'>;

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const holdsTwice = (texts: readonly string[]): boolean => new Set(texts).size < texts.length;

const timestampsOf = (
  data: Bundle['verificationMaterial']['timestampVerificationData'],
): readonly Uint8Array[] => (data?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) => signedTimestamp);

const verifiersOf = ({ mediaType, verificationMaterial: material }: Bundle): Result<Verifiers, Rejection> => {
  const { publicKey, certificate, x509CertificateChain: chain } = material;
  const entries = material.tlogEntries ?? [];
  if ([publicKey, certificate, chain].filter(Boolean).length !== 1)
    return reject('unreadable', 'the bundle has not exactly one of publicKey, certificate and chain');
  const certificates = (certificate ? [certificate] : (chain?.certificates ?? [])).map(
    ({ rawBytes }) => rawBytes,
  );
  const timestamps = timestampsOf(material.timestampVerificationData);
  const tooMany = [
    { things: 'certificates', count: certificates.length, most: maxCertificates },
    { things: 'log entries', count: entries.length, most: maxLogEntries },
    { things: 'timestamps', count: timestamps.length, most: maxTimestamps },
  ].find(({ count, most }) => count > most);
  if (tooMany !== undefined)
    return reject('limit', `the bundle has more than ${tooMany.most} ${tooMany.things}`);
  if (holdsTwice(entries.map(entryKey)) || holdsTwice(timestamps.map(toText)))
    return reject('unreadable', 'the bundle holds a log entry or a timestamp twice');
  // An anchor comes from a trust root, never from who signs.
  if (certificates.some(isSelfIssued))
    return reject('unreadable', 'the bundle holds a certificate that issued itself');
  return ok({
    certificates,
    entries,
    entriesNeed: mediaType === BUNDLE_V01_MEDIA_TYPE ? 'promise' : 'proof',
    timestamps,
  });
};

/**
 * A Sigstore bundle in a layer.
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export const readSigstoreBundle = (
  layer: CandidateLayer,
  { says, subject }: Pick<Verification, 'says' | 'subject'>,
): Result<SignedMaterial, Rejection> => {
  if (!mediaTypes.some((type) => type === layer.mediaType))
    return reject('unreadable', 'its layer is no bundle of version 0.1 to 0.3');
  if (layer.bytes.length > maxBundle[says])
    return reject('limit', `the bundle is larger than ${maxBundle[says]} bytes`);
  const json = readJsonObject(layer.bytes, limits);
  if (!json.ok) return rejectUnreadable('the bundle', json.error);
  const bundle = bundleFields.safeParse(json.value);
  if (!bundle.success) return reject('unreadable', `the bundle has ${firstIssue(bundle.error)}`);
  const content = contentOf(bundle.data, subject);
  if (!content.ok) return content;
  const verifiers = verifiersOf(bundle.data);
  if (!verifiers.ok) return verifiers;
  return ok({ form: 'bundle', ...content.value, ...verifiers.value });
};
