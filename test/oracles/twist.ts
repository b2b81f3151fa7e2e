import { flipBase64, flipBit } from './flip.ts';
import type { Candidate } from './live-repository.ts';

const signatureAnnotation = 'dev.cosignproject.cosign/signature';

const envelopeType = 'application/vnd.dsse.envelope.v1+json';

interface Envelope {
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
}
interface Bundle {
  readonly dsseEnvelope: Envelope;
}
/** What to change, and where, as a part of all. */
interface Twisting {
  readonly twist: string;
  readonly at: number;
}

/** Changes the signed bytes or the signature of a candidate, and nothing else. */
export const twistCandidate = (candidate: Candidate, { twist, at }: Twisting): Candidate => {
  const flip = (bytes: Buffer): Buffer => flipBit(bytes, at);
  const flipText = (base64: string): string => flipBase64(base64, at);
  if (twist === 'payload-flipped') return changed(candidate, { payload: flip });
  if (twist === 'signature-flipped') return changed(candidate, { signature: flipText });
  if (twist === 'signature-removed') return changed(candidate, { signature: () => undefined });
  return candidate;
};

interface Change {
  readonly payload?: (bytes: Buffer) => Buffer;
  /** Base64; undefined takes it away. */
  readonly signature?: (base64: string) => string | undefined;
}

const changed = (candidate: Candidate, change: Change): Candidate => {
  const [layer] = candidate.manifest.layers;
  if (layer!.mediaType === envelopeType)
    return changedJson<Envelope>(candidate, (envelope) => changedEnvelope(envelope, change));
  if (layer!.annotations?.[signatureAnnotation] !== undefined) return changedSimpleSigning(candidate, change);
  return changedJson<Bundle>(candidate, (bundle) => ({
    ...bundle,
    dsseEnvelope: changedEnvelope(bundle.dsseEnvelope, change),
  }));
};

const changedSimpleSigning = (candidate: Candidate, { payload, signature }: Change): Candidate => {
  const [layer] = candidate.manifest.layers;
  const { [signatureAnnotation]: signed = '', ...others } = layer!.annotations!;
  const now = signature === undefined ? signed : signature(signed);
  const annotations = now === undefined ? others : { ...others, [signatureAnnotation]: now };
  return {
    ...candidate,
    manifest: { ...candidate.manifest, layers: [{ ...layer!, annotations }] },
    layers: candidate.layers.map((bytes) => payload?.(bytes) ?? bytes),
  };
};

const changedEnvelope = (envelope: Envelope, { payload, signature }: Change): Envelope => {
  const signed = Buffer.from(envelope.payload, 'base64');
  return {
    ...envelope,
    payload: (payload?.(signed) ?? signed).toString('base64'),
    signatures: envelope.signatures.flatMap((one) => {
      const sig = signature === undefined ? one.sig : signature(one.sig);
      return sig === undefined ? [] : [{ ...one, sig }];
    }),
  };
};

const changedJson = <T>(candidate: Candidate, change: (value: T) => T): Candidate => {
  const made = change(JSON.parse(candidate.layers[0]!.toString()) as T);
  return { ...candidate, layers: [Buffer.from(JSON.stringify(made))] };
};
