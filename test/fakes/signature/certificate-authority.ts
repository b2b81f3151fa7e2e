import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { bits, boolean, der, integer, octets, oid, sequence, set, utcTime, utf8 } from './der-writer.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
}
const pairOf = (pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): KeyPair => ({
  privateKey: pair.privateKey,
  spki: pair.publicKey.export({ format: 'der', type: 'spki' }),
});
export const ecPair = (namedCurve = 'P-256'): KeyPair => pairOf(generateKeyPairSync('ec', { namedCurve }));
export const rsaPair = (): KeyPair => pairOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));

const isRsa = ({ privateKey }: KeyPair): boolean => privateKey.asymmetricKeyType === 'rsa';
/** The algorithm of a signature with SHA-256. */
export const algorithmOf = (key: KeyPair): Buffer =>
  isRsa(key)
    ? sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]))
    : sequence(oid('1.2.840.10045.4.3.2'));

/** ECDSA with SHA-1. */
export const weakAlgorithm = sequence(oid('1.2.840.10045.4.1'));

export const distinguishedName = (...parts: readonly (readonly [string, string])[]): Buffer =>
  sequence(...parts.map(([type, value]) => set(sequence(oid(type), utf8(value)))));
export const commonName = (name: string): Buffer => distinguishedName(['2.5.4.3', name]);

export const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

/** Extensions by a short name. */
export const extensions = {
  ca: (pathLength?: number) =>
    extension(
      '2.5.29.19',
      sequence(boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])),
      true,
    ),
  mayIssue: extension('2.5.29.15', der(0x03, Buffer.from([1, 0x06])), true),
  maySign: extension('2.5.29.15', der(0x03, Buffer.from([7, 0x80])), true),
  purposes: (ids: readonly string[], critical = false) =>
    extension('2.5.29.37', sequence(...ids.map(oid)), critical),
  names: (...names: readonly Buffer[]) => extension('2.5.29.17', sequence(...names), true),
  nameConstraints: extension(
    '2.5.29.30',
    sequence(der(0xa0, sequence(der(0x82, Buffer.from('example.com'))))),
  ),
};
export const codeSigning = '1.3.6.1.5.5.7.3.3';
export const timeStamping = '1.3.6.1.5.5.7.3.8';

export const name = {
  email: (text: string) => der(0x81, Buffer.from(text)),
  dns: (text: string) => der(0x82, Buffer.from(text)),
  uri: (text: string) => der(0x86, Buffer.from(text)),
  ip: (...bytes: number[]) => der(0x87, Buffer.from(bytes)),
  other: (text: string) => der(0xa0, oid('1.3.6.1.4.1.57264.1.7'), der(0xa0, utf8(text))),
};

interface CertificateFields {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly spki: Buffer;
  readonly from: number;
  readonly until: number;
  readonly extensions: readonly Buffer[];
  readonly serial?: number;
  /** Of SHA-1, in place of the usual one. */
  readonly algorithm?: Buffer;
}

const tbsOf = (fields: CertificateFields, by: KeyPair): Buffer =>
  sequence(
    der(0xa0, integer(2)),
    integer(fields.serial ?? 7),
    fields.algorithm ?? algorithmOf(by),
    fields.issuer,
    sequence(utcTime(fields.from), utcTime(fields.until)),
    fields.subject,
    fields.spki,
    der(0xa3, sequence(...fields.extensions)),
  );

/** A certificate that `by` signs. */
export const certificate = (fields: CertificateFields, by: KeyPair): Buffer => {
  const tbs = tbsOf(fields, by);
  const hash = fields.algorithm === undefined ? 'sha256' : 'sha1';
  return sequence(tbs, fields.algorithm ?? algorithmOf(by), bits(sign(hash, tbs, by.privateKey)));
};

export const sha256 = (...bytes: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(bytes)).digest();

const uint = (value: number, width: number): Buffer => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
};

interface SctOptions {
  readonly log: KeyPair;
  readonly at: number;
  /** As logs of static CT write them. */
  readonly extensions?: Buffer;
}

/** The same certificate with a promise of a log in it (RFC 6962, section 3.3). */
export const withSct = (
  fields: CertificateFields,
  by: KeyPair,
  issuerSpki: Buffer,
  { log, at, extensions: more = Buffer.alloc(0) }: SctOptions,
): Buffer => {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(at));
  const tbs = tbsOf(fields, by);
  const signed = Buffer.concat([
    Buffer.from([0, 0]),
    time,
    Buffer.from([0, 1]),
    sha256(issuerSpki),
    uint(tbs.length, 3),
    tbs,
    uint(more.length, 2),
    more,
  ]);
  const signature = sign('sha256', signed, log.privateKey);
  const sct = Buffer.concat([
    Buffer.from([0]),
    sha256(log.spki),
    time,
    uint(more.length, 2),
    more,
    Buffer.from([4, 3]),
    uint(signature.length, 2),
    signature,
  ]);
  const list = Buffer.concat([uint(sct.length + 2, 2), uint(sct.length, 2), sct]);
  const sctExtension = extension('1.3.6.1.4.1.11129.2.4.2', octets(list));
  return certificate({ ...fields, extensions: [...fields.extensions, sctExtension] }, by);
};
