/** Candidates as the cosigns write them, made with keys of the test. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import type { Digest } from '../../../src/core/image/digest.ts';
import type { CandidateLayer, Verification } from '../../../src/evidence/verify/verification.ts';

export const manifest = new TextEncoder().encode('{"schemaVersion":2,"layers":[]}');
export const subject = `sha256:${createHash('sha256').update(manifest).digest('hex')}` as Digest;
export const otherDigest = `sha256:${'0'.repeat(64)}` as Digest;

/** How a key signs. */
export type Sign = (message: Uint8Array) => Buffer;
export interface SigningKey {
  readonly spki: string;
  readonly privateKey: KeyObject;
  readonly sign: Sign;
}

const spkiOf = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64');

export const ecKey = (namedCurve = 'P-256', hash = 'sha256'): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { spki: spkiOf(publicKey), privateKey, sign: (message) => sign(hash, message, privateKey) };
};
export const rsaKey = (modulusLength = 2048, hash = 'sha256'): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { spki: spkiOf(publicKey), privateKey, sign: (message) => sign(hash, message, privateKey) };
};
export const rsaPssKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha256',
    mgf1HashAlgorithm: 'sha256',
  });
  return { spki: spkiOf(publicKey), privateKey, sign: (message) => sign('sha256', message, privateKey) };
};
export const ed25519Key = (form: 'pure' | 'prehashed' = 'pure'): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return {
    spki: spkiOf(publicKey),
    privateKey,
    sign: (message) =>
      form === 'pure' ? sign(null, message, privateKey) : Buffer.from(ed25519ph.sign(message, seed)),
  };
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

export const simplePayload = (
  digest: string = subject,
  {
    name = '',
    type = 'cosign container image signature',
    optional = null,
  }: { name?: string; type?: string; optional?: unknown } = {},
): Uint8Array =>
  bytesOf({
    critical: {
      identity: { 'docker-reference': name },
      image: { 'docker-manifest-digest': digest },
      type,
    },
    optional,
  });

export const simpleSigningLayer = (
  sign: Sign,
  bytes: Uint8Array = simplePayload(),
  annotations: Readonly<Record<string, string>> = {},
): CandidateLayer => ({
  form: 'simple-signing',
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  annotations: { 'dev.cosignproject.cosign/signature': base64(sign(bytes)), ...annotations },
  bytes,
});

export const signPredicate = 'https://sigstore.dev/cosign/sign/v1';
interface StatementFields {
  readonly type?: string;
  readonly digest?: string;
  readonly predicateType?: string;
  readonly predicate?: unknown;
  readonly annotations?: unknown;
}
export const statement = ({
  type = 'https://in-toto.io/Statement/v1',
  digest = subject,
  predicateType = signPredicate,
  predicate = {},
  annotations,
}: StatementFields = {}): Uint8Array =>
  bytesOf({
    _type: type,
    subject: [{ digest: { sha256: digest.slice('sha256:'.length) }, annotations }],
    predicateType,
    predicate,
  });

export const payloadType = 'application/vnd.in-toto+json';
export const pae = (payload: Uint8Array, type = payloadType): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]));

export const envelope = (signs: readonly Sign[], payload: Uint8Array, type = payloadType) => ({
  payload: base64(payload),
  payloadType: type,
  signatures: signs.map((sign) => ({ sig: base64(sign(pae(payload, type))), keyid: '' })),
});

export const dsseLayer = (
  signs: readonly Sign[],
  payload: Uint8Array,
  type = payloadType,
): CandidateLayer => ({
  form: 'dsse',
  mediaType: 'application/vnd.dsse.envelope.v1+json',
  annotations: {},
  bytes: bytesOf(envelope(signs, payload, type)),
});

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const bundleLayer = (bundle: object, mediaType = bundleMediaType): CandidateLayer => ({
  form: 'bundle',
  mediaType,
  annotations: {},
  bytes: bytesOf(bundle),
});
export const keyMaterial = { publicKey: { hint: 'aGludA==' }, tlogEntries: [] };
export const dsseBundle = (
  signs: readonly Sign[],
  payload = statement(),
  material: object = keyMaterial,
) => ({
  mediaType: bundleMediaType,
  verificationMaterial: material,
  dsseEnvelope: envelope(signs, payload),
});
export const messageBundle = (
  sign: Sign,
  message: Uint8Array = manifest,
  material: object = keyMaterial,
) => ({
  mediaType: bundleMediaType,
  verificationMaterial: material,
  messageSignature: {
    messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(message).digest('base64') },
    signature: base64(sign(message)),
  },
});

export const verification = (
  layers: readonly CandidateLayer[],
  more: Partial<Verification> = {},
): Verification => ({
  candidate: otherDigest,
  says: 'signed',
  subject: { digest: subject, manifest },
  layers,
  keys: [],
  trustRoots: [],
  expressions: [],
  now: Date.parse('2026-11-29T00:00:00Z'),
  ...more,
});
