import { flipBase64, flipBit } from './flip.ts';
import type { Candidate } from './live-repository.ts';
import type { SignatureCase } from './signature-cases.ts';

const signatureAnnotation = 'dev.cosignproject.cosign/signature';

interface Bundle {
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly { readonly sig: string }[];
  };
}

/** Changes the signed bytes or the signature of a candidate, and nothing else. */
export const twistCandidate = (candidate: Candidate, { twist, at }: SignatureCase): Candidate => {
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

const changed = (candidate: Candidate, change: Change): Candidate =>
  candidate.manifest.layers[0]!.annotations?.[signatureAnnotation] === undefined
    ? changedBundle(candidate, change)
    : changedSimpleSigning(candidate, change);

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

const changedBundle = (candidate: Candidate, { payload, signature }: Change): Candidate => {
  const bundle = JSON.parse(candidate.layers[0]!.toString()) as Bundle;
  const { dsseEnvelope: envelope } = bundle;
  const signed = Buffer.from(envelope.payload, 'base64');
  const made = {
    ...bundle,
    dsseEnvelope: {
      ...envelope,
      payload: (payload?.(signed) ?? signed).toString('base64'),
      signatures: envelope.signatures.flatMap((one) => {
        const sig = signature === undefined ? one.sig : signature(one.sig);
        return sig === undefined ? [] : [{ ...one, sig }];
      }),
    },
  };
  return { ...candidate, layers: [Buffer.from(JSON.stringify(made))] };
};
