import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import { complete } from '../der/complete.ts';
import { integerOf, oidOf, timeOf } from '../der/der-values.ts';
import { derTag, type DerValue } from '../../../core/text/der.ts';
import { hashAlgorithmOf, signatureSchemeOf, type SignatureScheme } from '../signature/signature-scheme.ts';
import { childrenOf, contextTag, readDer, sequenceOf, tagged } from '../der/der.ts';

/** A token of a timestamp authority, taken apart: nothing of it is believed yet. */
export interface TimestampToken {
  /** What was stamped: the hash of it. */
  readonly imprint: { readonly algorithm: DigestAlgorithm; readonly hash: Uint8Array };
  readonly at: number;
  /** DER of TSTInfo, whose hash the signed attributes hold. */
  readonly info: Uint8Array;
  readonly infoHash: { readonly algorithm: DigestAlgorithm; readonly hash: Uint8Array };
  /** DER of the attributes as they were signed. */
  readonly signed: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
  readonly signer: { readonly issuer: Uint8Array; readonly serial: Uint8Array };
  /** The hash of the signer's certificate that the token names. */
  readonly certificateHash: { readonly algorithm: DigestAlgorithm | 'sha1'; readonly hash: Uint8Array };
  /** Certificates that came with it. */
  readonly certificates: readonly Uint8Array[];
}

const oid = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

const explicit = contextTag(0, 'constructed');
const granted = [0, 1];
const maxToken = 64 * 1024;
const maxCertificates = 8;

/** The one element inside of an element with this tag. */
const onlyChild = (element: DerValue | undefined, tag: number): DerValue | undefined => {
  const children = childrenOf(tagged(element, tag));
  return children?.length === 1 ? children[0] : undefined;
};

/** The one value of an attribute; none where it is not there, or twice. */
const attributeOf = (attributes: readonly DerValue[], type: string): DerValue | undefined => {
  const found = attributes.map((one) => sequenceOf(one) ?? []).filter(([name]) => oidOf(name) === type);
  const [attribute] = found;
  return found.length === 1 && attribute?.length === 2 ? onlyChild(attribute[1], derTag.set) : undefined;
};

/** The first hash of a list of hashes of certificates. Version 2 says SHA-256 by saying nothing (RFC 5035, section 4). */
const certificateHashIn = (list: DerValue | undefined, byDefault: DigestAlgorithm | 'sha1') => {
  const [head, second] = sequenceOf(sequenceOf(sequenceOf(list)?.[0])?.[0]) ?? [];
  const isNamed = head?.tag === derTag.sequence;
  return complete<TimestampToken['certificateHash']>({
    algorithm: isNamed ? hashAlgorithmOf(head) : byDefault,
    hash: tagged(isNamed ? second : head, derTag.octetString)?.content,
  });
};
const certificateHashOf = (
  attributes: readonly DerValue[],
): TimestampToken['certificateHash'] | undefined => {
  const v2 = attributeOf(attributes, oid.signingCertificateV2);
  return v2 === undefined
    ? certificateHashIn(attributeOf(attributes, oid.signingCertificate), 'sha1')
    : certificateHashIn(v2, 'sha256');
};

type Signed = Omit<TimestampToken, 'imprint' | 'at' | 'info' | 'certificates'>;

/** What was signed is the set of attributes; in the token the tag of the field stands in place of that of the set. */
const signedSet = ({ bytes }: DerValue): Uint8Array => {
  const signed = new Uint8Array(bytes);
  signed[0] = derTag.set;
  return signed;
};

const issuerAndSerial = (id: DerValue | undefined): Signed['signer'] | undefined => {
  const [issuer, serial] = sequenceOf(id) ?? [];
  return complete<Signed['signer']>({
    issuer: issuer?.bytes,
    serial: tagged(serial, derTag.integer)?.content,
  });
};

/** RFC 5652, section 5.3. */
const readSigner = (signer: DerValue | undefined): Signed | undefined => {
  const [, id, digest, attributesField, algorithm, signature] = sequenceOf(signer) ?? [];
  const attributes = childrenOf(tagged(attributesField, explicit)) ?? [];
  if (oidOf(attributeOf(attributes, oid.contentType)) !== oid.timestampInfo) return undefined;
  const hash = hashAlgorithmOf(digest);
  return complete<Signed>({
    infoHash: complete<Signed['infoHash']>({
      algorithm: hash,
      hash: tagged(attributeOf(attributes, oid.messageDigest), derTag.octetString)?.content,
    }),
    signed: attributesField && signedSet(attributesField),
    scheme: hash && signatureSchemeOf(algorithm, hash),
    signature: tagged(signature, derTag.octetString)?.content,
    signer: issuerAndSerial(id),
    certificateHash: certificateHashOf(attributes),
  });
};

/** RFC 3161, section 2.4.2. */
const readInfo = (info: Uint8Array): Pick<TimestampToken, 'imprint' | 'at'> | undefined => {
  const [version, , imprint, , time] = sequenceOf(readDer(info)) ?? [];
  const [algorithmField, hashField] = sequenceOf(imprint) ?? [];
  if (integerOf(version) !== 1) return undefined;
  return complete<Pick<TimestampToken, 'imprint' | 'at'>>({
    imprint: complete<TimestampToken['imprint']>({
      algorithm: hashAlgorithmOf(algorithmField),
      hash: tagged(hashField, derTag.octetString)?.content,
    }),
    at: timeOf(tagged(time, derTag.generalizedTime)),
  });
};

/** The SignedData of a response that granted the timestamp. */
const signedDataOf = (response: Uint8Array): readonly DerValue[] | undefined => {
  const [status, token] = sequenceOf(readDer(response)) ?? [];
  if (!granted.includes(integerOf(sequenceOf(status)?.[0]) ?? -1)) return undefined;
  const [type, content] = sequenceOf(token) ?? [];
  return oidOf(type) === oid.signedData ? sequenceOf(onlyChild(content, explicit)) : undefined;
};

/**
 * Reads the response of a timestamp authority, with exactly one signer.
 * @see RFC 3161, section 2.4.2; RFC 5652, section 5
 */
export const readTimestampToken = (response: Uint8Array): TimestampToken | undefined => {
  if (response.length > maxToken) return undefined;
  const [, , encapsulated, ...rest] = signedDataOf(response) ?? [];
  const [type, content] = sequenceOf(encapsulated) ?? [];
  const info = tagged(onlyChild(content, explicit), derTag.octetString)?.content;
  const signer = readSigner(onlyChild(rest.at(-1), derTag.set));
  if (oidOf(type) !== oid.timestampInfo || info === undefined || signer === undefined) return undefined;
  const fields = readInfo(info);
  const certificates = childrenOf(rest.find(({ tag }) => tag === explicit)) ?? [];
  if (fields === undefined || certificates.length > maxCertificates) return undefined;
  return { ...fields, ...signer, info, certificates: certificates.map(({ bytes }) => bytes) };
};
