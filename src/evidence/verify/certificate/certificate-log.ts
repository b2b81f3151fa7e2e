import { createHash } from 'node:crypto';
import type { ClaimCheckResult } from '../../../core/facts/claim.ts';
import { oidOf } from '../der/der-values.ts';
import { derTag, type DerValue } from '../../../core/text/der.ts';
import { readDer, sequenceOf, tagged } from '../der/der.ts';
import type { TrustedLog } from '../../trust/trusted-root.ts';
import { isSignedWith } from '../signature/is-signed-by.ts';
import { logNameOf } from '../trust/log-name.ts';
import type { SigstoreRoot } from '../trust/prepared-root.ts';
import { rootText } from '../trust/root-text.ts';
import { isWithin } from '../trust/validity.ts';
import type { Certificate } from './certificate.ts';

const sctList = '1.3.6.1.4.1.11129.2.4.2';
const maxScts = 8;

/** A certificate's promise by a log that it will show the certificate (RFC 6962, section 3.2). */
interface SignedCertificateTimestamp {
  readonly logId: Uint8Array;
  readonly at: number;
  /** The bytes of time and extensions are signed too. */
  readonly time: Uint8Array;
  readonly extensions: Uint8Array;
  readonly hash: number;
  readonly signature: Uint8Array;
}

/** Reads structures of TLS: big-endian numbers, and vectors behind their length (RFC 8446, section 3). */
const tlsReader = (bytes: Buffer) => {
  let at = 0;
  const take = (length: number): Buffer | undefined => {
    if (at + length > bytes.length) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const vector = (): Buffer | undefined => {
    const length = take(2);
    return length && take(length.readUInt16BE());
  };
  return { take, vector, isAtEnd: () => at === bytes.length };
};

const readSct = (bytes: Buffer): SignedCertificateTimestamp | undefined => {
  const { take, vector, isAtEnd } = tlsReader(bytes);
  const [version, logId, time, extensions] = [take(1), take(32), take(8), vector()];
  const [algorithms, signature] = [take(2), vector()];
  if (version?.[0] !== 0 || !isAtEnd()) return undefined;
  if (logId === undefined || time === undefined || extensions === undefined) return undefined;
  if (algorithms === undefined || signature === undefined) return undefined;
  const [hash = 0] = algorithms;
  return { logId, at: Number(time.readBigUInt64BE()), time, extensions, hash, signature };
};

const readScts = (value: Uint8Array): readonly SignedCertificateTimestamp[] | undefined => {
  const list = tagged(readDer(value), derTag.octetString)?.content;
  const outer = tlsReader(Buffer.from(list ?? []));
  const inner = outer.vector();
  if (inner === undefined || !outer.isAtEnd()) return undefined;
  const { vector, isAtEnd } = tlsReader(inner);
  const scts: SignedCertificateTimestamp[] = [];
  while (!isAtEnd() && scts.length < maxScts) {
    const bytes = vector();
    const sct = bytes && readSct(bytes);
    if (sct === undefined) return undefined;
    scts.push(sct);
  }
  return scts;
};

/** DER of an element with other content. */
const encode = (tag: number, content: Uint8Array): Uint8Array => {
  const length = content.length;
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | bytes.length, ...bytes];
  return Buffer.concat([Buffer.from(head), content]);
};

const explicitExtensions = 0xa3;

/** The part that the CA signs, without the list of promises, which was added after the log had seen the rest. */
const withoutScts = ({ tbsFields }: Certificate): Uint8Array => {
  const fields = tbsFields.map((field): Uint8Array => {
    if (field.tag !== explicitExtensions) return field.bytes;
    const extensions = sequenceOf(readDer(field.content)) ?? [];
    const kept = extensions.filter((extension) => !isSctList(extension)).map(({ bytes }) => bytes);
    return encode(explicitExtensions, encode(derTag.sequence, Buffer.concat(kept)));
  });
  return encode(derTag.sequence, Buffer.concat(fields));
};

const isSctList = (extension: DerValue): boolean => oidOf(sequenceOf(extension)?.[0]) === sctList;

/** What a log signs: RFC 6962, section 3.2. */
const signedBytes = (
  { time, extensions }: SignedCertificateTimestamp,
  leaf: Certificate,
  issuer: Certificate,
): Buffer => {
  const tbs = withoutScts(leaf);
  const lengthOf = (bytes: Uint8Array, width: number): Buffer => {
    const length = Buffer.alloc(width);
    length.writeUIntBE(bytes.length, 0, width);
    return length;
  };
  return Buffer.concat([
    Buffer.from([0, 0]), // version 1, certificate timestamp
    time,
    Buffer.from([0, 1]), // a precertificate
    createHash('sha256').update(issuer.spki).digest(),
    lengthOf(tbs, 3),
    tbs,
    lengthOf(extensions, 2),
    extensions,
  ]);
};

/** The number that TLS 1.2 has for SHA-256, which RFC 6962 asks for. */
const sha256 = 4;

/** The logs of certificates that promised to show one. */
export interface CertificateLogs {
  readonly check: ClaimCheckResult;
  /** Each once. */
  readonly names: readonly string[];
}

const hexOf = (id: Uint8Array): string => Buffer.from(id).toString('hex');

/** The root of the logs, and the review. */
interface LogsAsked {
  readonly root: Pick<SigstoreRoot, 'name' | 'writtenAt' | 'ctlogs'>;
  readonly now: number;
  /** Nothing is believed that is dated later. */
  readonly latest: number;
}

/** What is wrong for sure goes before a log that the root does not know: it may be too old. */
const whyNotLogged = (scts: readonly SignedCertificateTimestamp[], { root, now }: LogsAsked): string => {
  const unknown = scts.filter(({ logId }) => !root.ctlogs.some(({ keyId }) => keyId.equals(logId)));
  const [first] = unknown;
  return first !== undefined && unknown.length === scts.length
    ? `its certificate is in the log of certificates ${hexOf(first.logId)}, which ${rootText(root, now)} does not name: a newer root may know it`
    : `no log of certificates in ${rootText(root, now)} signed what the certificate says`;
};

/** Which logs of a trust root promised to show the certificate. */
export const checkCertificateLogs = (
  leaf: Certificate,
  issuer: Certificate,
  asked: LogsAsked,
): CertificateLogs => {
  const { latest, root } = asked;
  const result = (outcome: ClaimCheckResult['outcome'], why?: string): CertificateLogs => ({
    check: { check: 'certificate-log', outcome, ...(why !== undefined && { why }) },
    names: [],
  });
  const extension = leaf.extensions.get(sctList);
  if (extension === undefined) return result('not-made', 'the certificate names no log of certificates');
  const scts = readScts(extension.value);
  if (scts === undefined) return result('failed', 'what a log of certificates promised cannot be read');
  const isBy = (sct: SignedCertificateTimestamp, { keyId, key, validFor }: TrustedLog): boolean =>
    keyId.equals(sct.logId) &&
    isWithin(sct.at, validFor) &&
    sct.at <= latest &&
    sct.hash === sha256 &&
    isSignedWith(key, 'sha256', signedBytes(sct, leaf, issuer), sct.signature);
  const names = scts.flatMap((sct) => root.ctlogs.filter((log) => isBy(sct, log)).map(logNameOf));
  return names.length > 0
    ? { check: { check: 'certificate-log', outcome: 'passed' }, names: [...new Set(names)] }
    : result('failed', whyNotLogged(scts, asked));
};
