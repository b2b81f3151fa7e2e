import { flipBase64 } from './flip.ts';
import type { KeylessCase, KeylessTwist } from './keyless-cases.ts';

interface LogEntry {
  readonly canonicalizedBody: string;
  readonly inclusionProof: { readonly rootHash: string };
  readonly inclusionPromise?: { readonly signedEntryTimestamp: string };
}
interface Timestamp {
  readonly signedTimestamp: string;
}
/** The parts of a Sigstore bundle that are twisted. */
interface Bundle {
  readonly verificationMaterial: {
    readonly certificate: { readonly rawBytes: string };
    readonly tlogEntries: readonly LogEntry[];
    readonly timestampVerificationData: { readonly rfc3161Timestamps: readonly Timestamp[] };
  };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}
type Material = Bundle['verificationMaterial'];

/**
 * Changes one thing in a bundle.
 * @param other another good bundle by the same signer
 */
export const twistBundle = (bytes: Buffer, other: Buffer, { twist, at }: KeylessCase): Buffer => {
  const bundle = JSON.parse(bytes.toString()) as Bundle;
  const swapped = JSON.parse(other.toString()) as Bundle;
  const material = bundle.verificationMaterial;
  const envelope = bundle.dsseEnvelope;
  const withMaterial = (change: Partial<Material>): Bundle => ({
    ...bundle,
    verificationMaterial: { ...material, ...change },
  });
  const withEntry = (change: (entry: LogEntry) => LogEntry): Bundle =>
    withMaterial({ tlogEntries: material.tlogEntries.map(change) });
  const withStamps = (rfc3161Timestamps: readonly Timestamp[]): Bundle =>
    withMaterial({ timestampVerificationData: { rfc3161Timestamps } });
  const stamps = material.timestampVerificationData.rfc3161Timestamps;
  const changes: Partial<Record<KeylessTwist, () => Bundle>> = {
    'payload-flipped': () => ({
      ...bundle,
      dsseEnvelope: { ...envelope, payload: flipBase64(envelope.payload, at) },
    }),
    'signature-flipped': () => ({
      ...bundle,
      dsseEnvelope: {
        ...envelope,
        signatures: envelope.signatures.map((one) => ({ ...one, sig: flipBase64(one.sig, at) })),
      },
    }),
    'entry-swapped': () => withMaterial({ tlogEntries: swapped.verificationMaterial.tlogEntries }),
    'timestamp-swapped': () =>
      withStamps(swapped.verificationMaterial.timestampVerificationData.rfc3161Timestamps),
    'certificate-swapped': () => withMaterial({ certificate: swapped.verificationMaterial.certificate }),
    'entry-removed': () => withMaterial({ tlogEntries: [] }),
    'timestamp-removed': () => withStamps([]),
    'entry-flipped': () =>
      withEntry((entry) => ({ ...entry, canonicalizedBody: flipBase64(entry.canonicalizedBody, at) })),
    'proof-flipped': () =>
      withEntry(({ inclusionProof: proof, ...entry }) => ({
        ...entry,
        inclusionProof: { ...proof, rootHash: flipBase64(proof.rootHash, at) },
      })),
    'promise-flipped': () =>
      withEntry(({ inclusionPromise, ...entry }) => ({
        ...entry,
        inclusionPromise: { signedEntryTimestamp: flipBase64(inclusionPromise!.signedEntryTimestamp, at) },
      })),
    'timestamp-flipped': () =>
      withStamps(stamps.map(({ signedTimestamp }) => ({ signedTimestamp: flipBase64(signedTimestamp, at) }))),
    'certificate-flipped': () =>
      withMaterial({ certificate: { rawBytes: flipBase64(material.certificate.rawBytes, at) } }),
  };
  return Buffer.from(JSON.stringify((changes[twist] ?? (() => bundle))()));
};
