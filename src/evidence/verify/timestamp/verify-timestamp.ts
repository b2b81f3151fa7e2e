import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { TrustedAuthority } from '../../trust/trusted-root.ts';
import { isSameBytes, readCertificate, type Certificate } from '../certificate/certificate.ts';
import { chainsTo, validityOf, whyUnusable } from '../certificate/chain.ts';
import { isPurposeCritical, purposesOf, timeStamping } from '../certificate/usage.ts';
import { isSignedByPss, isSignedWith } from '../signature/is-signed-by.ts';
import { isWithin } from '../trust/validity.ts';
import { readTimestampToken, type TimestampToken } from './timestamp-token.ts';

/** A timestamp authority of a trust root, its certificates taken apart. */
export interface StampingAuthority {
  readonly authority: TrustedAuthority;
  readonly certificates: readonly Certificate[];
}

/** When a timestamp authority saw the bytes. */
export interface VerifiedTimestamp {
  readonly authority: TrustedAuthority;
  readonly signer: Certificate;
  readonly at: number;
}

/** Why a timestamp says nothing. `unknown-authority`: nothing is wrong with it, and the trust root does not name its authority. */
export type TimestampFault =
  { readonly kind: 'unknown-authority' } | { readonly kind: 'wrong'; readonly why: string };

const wrong = (why: string) => fail<TimestampFault>({ kind: 'wrong', why });

const hash = (algorithm: string, bytes: Uint8Array): Uint8Array =>
  createHash(algorithm).update(bytes).digest();

/** RFC 3161, section 2.3: the purpose is time stamping, nothing else, and critical. */
const isStamper = (certificate: Certificate): boolean =>
  isPurposeCritical(certificate) && purposesOf(certificate)?.join(' ') === timeStamping;

const isSignerOf = ({ signer, certificateHash }: TimestampToken, certificate: Certificate): boolean =>
  isSameBytes(signer.issuer, certificate.issuer) &&
  isSameBytes(signer.serial, certificate.serial) &&
  isSameBytes(certificateHash.hash, hash(certificateHash.algorithm, certificate.der));

const isSignedByHolder = ({ scheme, signed, signature }: TimestampToken, { key }: Certificate): boolean => {
  const { hash, saltLength } = scheme;
  return saltLength === undefined
    ? isSignedWith(key, hash, signed, signature)
    : isSignedByPss(key, { hash, saltLength }, signed, signature);
};

const isTrusted = (
  signer: Certificate,
  at: number,
  { authority, certificates }: StampingAuthority,
): boolean => {
  if (!isWithin(at, authority.validFor)) return false;
  const anchor = certificates.at(-1);
  if (anchor === undefined) return false;
  return chainsTo(signer, certificates.slice(0, -1), [anchor]).some((chain) => {
    const { from, until } = validityOf(chain);
    return from <= at && at <= until && whyUnusable(chain, timeStamping) === undefined;
  });
};

const broughtBy = (token: TimestampToken): readonly Certificate[] =>
  token.certificates.map(readCertificate).filter((one) => one !== undefined);

/**
 * The signer stands in the trust root, or, where that names CAs alone, comes with the token. Attack: a certificate that the
 * root has retired, under a CA that has another one now.
 */
const signersOf = (token: TimestampToken, { certificates }: StampingAuthority): readonly Certificate[] => {
  const [first] = certificates;
  const named = first === undefined || first.x509.ca ? [] : [first];
  return (named.length > 0 ? named : broughtBy(token)).filter(
    (certificate) => isSignerOf(token, certificate) && isStamper(certificate),
  );
};

/**
 * Looks for the authority of a trust root that stamped these bytes. A token whose signature its own certificate does not
 * bear out is wrong, whoever it claims to be of.
 * @returns why none did; `why` follows "its timestamp"
 * @see RFC 3161, section 2.2
 */
export const verifyTimestamp = (
  response: Uint8Array,
  stamped: Uint8Array,
  authorities: readonly StampingAuthority[],
): Result<VerifiedTimestamp, TimestampFault> => {
  const token = readTimestampToken(response);
  if (token === undefined) return wrong('cannot be read');
  if (!isSameBytes(hash(token.imprint.algorithm, stamped), token.imprint.hash))
    return wrong('is about another signature');
  if (!isSameBytes(hash(token.infoHash.algorithm, token.info), token.infoHash.hash))
    return wrong('names another time than was signed');
  for (const one of authorities) {
    const signer = signersOf(token, one).find((certificate) => isTrusted(certificate, token.at, one));
    if (signer === undefined) continue;
    return isSignedByHolder(token, signer)
      ? ok({ authority: one.authority, signer, at: token.at })
      : wrong('has a wrong signature');
  }
  const claimed = broughtBy(token).find((certificate) => isSignerOf(token, certificate));
  return claimed === undefined || isSignedByHolder(token, claimed)
    ? fail({ kind: 'unknown-authority' })
    : wrong('has a wrong signature');
};
