import { X509Certificate, type KeyObject } from 'node:crypto';
import { complete } from '../der/complete.ts';
import { booleanOf, integerOf, oidOf, timeOf } from '../der/der-values.ts';
import { derTag, type DerValue } from '../../../core/text/der.ts';
import { childrenOf, contextTag, readDer, sequenceOf, tagged } from '../der/der.ts';

interface Extension {
  readonly critical: boolean;
  /** What the OCTET STRING of the extension holds. */
  readonly value: Uint8Array;
}

/** A certificate, taken apart. Whether it is any good is another question. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly der: Uint8Array;
  /** The elements of the part that its issuer signed: version, serial number and so on. */
  readonly tbsFields: readonly DerValue[];
  readonly serial: Uint8Array;
  /** Object identifier of the algorithm by which its issuer signed it. */
  readonly signatureAlgorithm: string;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly key: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: ReadonlyMap<string, Extension>;
}

const maxCertificate = 32 * 1024;

const readExtension = (element: DerValue): readonly [string, Extension] | undefined => {
  const fields = sequenceOf(element);
  if (fields === undefined || fields.length < 2 || fields.length > 3) return undefined;
  const oid = oidOf(fields[0]);
  const critical = fields.length === 3 ? booleanOf(fields[1]) : false;
  const value = tagged(fields.at(-1), derTag.octetString)?.content;
  if (oid === undefined || critical === undefined || value === undefined) return undefined;
  return [oid, { critical, value }];
};

/** @returns none where one of them cannot be read, or stands there twice: readers disagree on which one counts */
const readExtensions = (explicit: DerValue | undefined): ReadonlyMap<string, Extension> | undefined => {
  if (explicit === undefined) return new Map();
  const [list, ...more] = childrenOf(explicit) ?? [];
  const elements = sequenceOf(list);
  if (elements === undefined || more.length > 0) return undefined;
  const extensions = elements.map(readExtension).filter((extension) => extension !== undefined);
  const byOid = new Map(extensions);
  return byOid.size === elements.length ? byOid : undefined;
};

const explicitVersion = contextTag(0, 'constructed');
const explicitExtensions = contextTag(3, 'constructed');
const version3 = 2;

const readX509 = (der: Uint8Array): X509Certificate | undefined => {
  try {
    const certificate = new X509Certificate(der);
    // It reads PEM too, and passes over what stands behind the certificate.
    return certificate.raw.equals(der) ? certificate : undefined;
  } catch {
    return undefined;
  }
};

const keyOf = (certificate: X509Certificate): KeyObject | undefined => {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
};

/** The elements of the part that the issuer signs; none where there is no such part. */
const tbsFieldsOf = (der: Uint8Array): readonly DerValue[] => {
  const [tbs] = sequenceOf(readDer(der)) ?? [];
  return sequenceOf(tbs) ?? [];
};

/** Fields of the part that the issuer signs, in their order. */
const readTbs = (tbsFields: readonly DerValue[]) => {
  const [version, serial, algorithm, issuer, validity, subject, spki, ...rest] = tbsFields;
  if (version?.tag !== explicitVersion || integerOf(childrenOf(version)?.[0]) !== version3) return undefined;
  const [from, until] = sequenceOf(validity) ?? [];
  return {
    serial: serial?.content,
    signatureAlgorithm: oidOf(sequenceOf(algorithm)?.[0]),
    issuer: issuer?.bytes,
    subject: subject?.bytes,
    spki: spki?.bytes,
    notBefore: timeOf(from),
    notAfter: timeOf(until),
    extensions: readExtensions(rest.find(({ tag }) => tag === explicitExtensions)),
  };
};

/**
 * Reads a certificate of version 3. OpenSSL reads it too, and both have to be able to.
 * @see RFC 5280, section 4.1
 */
export const readCertificate = (der: Uint8Array): Certificate | undefined => {
  if (der.length > maxCertificate) return undefined;
  const x509 = readX509(der);
  const tbsFields = tbsFieldsOf(der);
  const fields = readTbs(tbsFields);
  return x509 && fields && complete<Certificate>({ x509, key: keyOf(x509), der, tbsFields, ...fields });
};

export const isSameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Whether it is a certificate that names itself as its issuer. Few do, and only those are read whole. */
export const isSelfIssued = (der: Uint8Array): boolean => {
  if (der.length > maxCertificate) return false;
  const [, , , issuer, , subject] = tbsFieldsOf(der);
  if (issuer === undefined || subject === undefined) return false;
  return isSameBytes(issuer.bytes, subject.bytes) && readCertificate(der) !== undefined;
};
