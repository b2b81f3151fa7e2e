/** Candidates that are signed with a certificate of a private Sigstore, in each form. */
import type { CandidateLayer } from '../../../src/evidence/verify/verification.ts';
import { ecPair, type KeyPair } from './certificate-authority.ts';
import { sign } from 'node:crypto';
import {
  bodies,
  base64,
  certificatePem,
  rawCertificate,
  signedAt,
  type LeafOptions,
  type Sigstore,
} from './sigstore-instance.ts';
import {
  bundleMediaType,
  dsseLayer,
  envelope,
  manifest,
  messageBundle,
  pae,
  simplePayload,
  simpleSigningLayer,
  statement,
  type Sign,
} from './signed-layers.ts';

export interface KeylessOptions {
  readonly key?: KeyPair;
  /** The hash that the key signs with. */
  readonly hash?: string;
  readonly leaf?: LeafOptions;
  /** The certificate in place of the one that is issued. */
  readonly certificate?: Buffer;
  readonly payload?: Uint8Array;
  readonly log?: 'rekor1' | 'rekor2' | 'none';
  /** The kind of the entry about an envelope. */
  readonly kind?: 'dsse' | 'intoto' | 'old intoto' | 'hashedrekord';
  readonly stamped?: boolean;
  readonly at?: number;
  /** What the entry says, in place of the truth. */
  readonly logged?: {
    readonly message?: Uint8Array;
    readonly payload?: Uint8Array;
    readonly envelope?: Uint8Array;
    readonly signature?: Uint8Array;
    readonly certificate?: Buffer;
  };
}

const signerOf = (instance: Sigstore, options: KeylessOptions) => {
  const { key = ecPair(), hash = 'sha256', leaf = {} } = options;
  const certificate = options.certificate ?? instance.issue(key.spki, leaf);
  const by: Sign = (message) => sign(hash, message, key.privateKey);
  return { certificate, by };
};

interface Signed {
  readonly message: Uint8Array;
  readonly payload?: Uint8Array;
  readonly envelope?: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificate: Buffer;
}

const bodyOfV1 = (signed: Signed, options: KeylessOptions): object => {
  const { message, payload, envelope: whole, signature, certificate } = { ...signed, ...options.logged };
  const pem = certificatePem(certificate);
  if (signed.payload === undefined || payload === undefined)
    return bodies.hashedRekord(message, signature, pem);
  if (options.kind === 'old intoto') return bodies.oldIntoto(whole ?? message, payload, pem);
  return options.kind === 'intoto'
    ? bodies.intoto(payload, signature, pem)
    : bodies.dsse(payload, signature, pem);
};

const entriesOf = (instance: Sigstore, signed: Signed, options: KeylessOptions): readonly object[] => {
  const { log = 'rekor1', kind = 'dsse', at = signedAt } = options;
  const { message, payload = message, signature, certificate } = { ...signed, ...options.logged };
  const isEnvelope = signed.payload !== undefined;
  if (log === 'none') return [];
  if (log === 'rekor2') {
    const verifier = rawCertificate(certificate);
    const body =
      isEnvelope && kind === 'dsse'
        ? bodies.dsseV2(payload, signature, verifier)
        : bodies.hashedRekordV2(message, signature, verifier);
    return [instance.entry(body, undefined, true)];
  }
  return [instance.entry(bodyOfV1(signed, options), at, true)];
};

const materialOf = (instance: Sigstore, signed: Signed, options: KeylessOptions) => ({
  certificate: { rawBytes: base64(signed.certificate) },
  tlogEntries: entriesOf(instance, signed, options),
  ...(options.stamped && {
    timestampVerificationData: {
      rfc3161Timestamps: [{ signedTimestamp: instance.stamp(signed.signature, options.at) }],
    },
  }),
});

/** A bundle with an envelope, as an object. */
export const keylessBundle = (instance: Sigstore, options: KeylessOptions = {}) => {
  const { payload = statement() } = options;
  const { certificate, by } = signerOf(instance, options);
  const dsseEnvelope = envelope([by], payload);
  const signature = Buffer.from(dsseEnvelope.signatures[0]!.sig, 'base64');
  const signed = { message: pae(payload), payload, signature, certificate };
  return {
    mediaType: bundleMediaType,
    verificationMaterial: materialOf(instance, signed, options),
    dsseEnvelope,
  };
};

/** A bundle with a message signature, as an object. */
export const keylessMessageBundle = (instance: Sigstore, options: KeylessOptions = {}) => {
  const { certificate, by } = signerOf(instance, options);
  const bundle = messageBundle(by);
  const signature = Buffer.from(bundle.messageSignature.signature, 'base64');
  const signed = { message: manifest, signature, certificate };
  return { ...bundle, verificationMaterial: materialOf(instance, signed, options) };
};

interface Entry {
  readonly canonicalizedBody: string;
  readonly integratedTime?: string;
  readonly inclusionPromise?: { readonly signedEntryTimestamp: string };
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
}

/** What cosign writes beside a layer. */
const annotationsOf = (
  instance: Sigstore,
  signed: Signed,
  stamped: Uint8Array,
  options: KeylessOptions,
): Readonly<Record<string, string>> => {
  const [entry] = entriesOf(instance, signed, options) as readonly Entry[];
  return {
    'dev.sigstore.cosign/certificate': certificatePem(signed.certificate),
    'dev.sigstore.cosign/chain': certificatePem(instance.intermediateDer) + certificatePem(instance.rootDer),
    ...(entry && {
      'dev.sigstore.cosign/bundle': JSON.stringify({
        SignedEntryTimestamp: entry.inclusionPromise!.signedEntryTimestamp,
        Payload: {
          body: entry.canonicalizedBody,
          integratedTime: Number(entry.integratedTime),
          logIndex: Number(entry.logIndex),
          logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
        },
      }),
    }),
    ...(options.stamped && {
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
        SignedRFC3161Timestamp: instance.stamp(stamped, options.at),
      }),
    }),
  };
};

export const keylessSimpleLayer = (instance: Sigstore, options: KeylessOptions = {}): CandidateLayer => {
  const { payload = simplePayload() } = options;
  const { certificate, by } = signerOf(instance, options);
  const layer = simpleSigningLayer(by, payload);
  const signature = Buffer.from(layer.annotations['dev.cosignproject.cosign/signature']!, 'base64');
  const annotations = annotationsOf(
    instance,
    { message: payload, signature, certificate },
    signature,
    options,
  );
  return { ...layer, annotations: { ...layer.annotations, ...annotations } };
};

export const keylessDsseLayer = (instance: Sigstore, options: KeylessOptions = {}): CandidateLayer => {
  const { payload = statement() } = options;
  const { certificate, by } = signerOf(instance, options);
  const layer = dsseLayer([by], payload);
  const { signatures } = JSON.parse(Buffer.from(layer.bytes).toString()) as { signatures: [{ sig: string }] };
  const signature = Buffer.from(signatures[0].sig, 'base64');
  const signed = { message: pae(payload), payload, envelope: layer.bytes, signature, certificate };
  return { ...layer, annotations: annotationsOf(instance, signed, layer.bytes, options) };
};
