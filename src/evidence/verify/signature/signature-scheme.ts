import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import type { DerValue } from '../../../core/text/der.ts';
import { integerOf, oidOf } from '../der/der-values.ts';
import { childrenOf, contextTag, sequenceOf } from '../der/der.ts';

/** How a signature within CMS, or that of a certificate, was made. */
export interface SignatureScheme {
  readonly hash: DigestAlgorithm;
  /** RSA-PSS with a salt of so many bytes; absent: the key alone says how. */
  readonly saltLength?: number;
}

const hashes: Readonly<Record<string, DigestAlgorithm>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** `digest`: the hash is the one that the token names for its content (G7: RSA is written so). */
const signatureHashes: Readonly<Record<string, DigestAlgorithm | 'digest'>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.1': 'digest',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': 'digest',
};
const rsaPss = '1.2.840.113549.1.1.10';
const mgf1 = '1.2.840.113549.1.1.8';

export const hashAlgorithmOf = (algorithm: DerValue | undefined): DigestAlgorithm | undefined =>
  hashes[oidOf(sequenceOf(algorithm)?.[0]) ?? ''];

const defaultSaltLength = 20;
const maxSaltLength = 512;
const trailerBc = 1;

/** The fields of a SEQUENCE by their context-specific numbers, which rise; each holds one value. */
const numberedFields = (
  sequence: DerValue | undefined,
  count: number,
): readonly (DerValue | undefined)[] | undefined => {
  const found: (DerValue | undefined)[] = Array.from({ length: count });
  let last = -1;
  for (const field of sequenceOf(sequence) ?? []) {
    const number = field.tag - contextTag(0, 'constructed');
    const [value, ...more] = childrenOf(field) ?? [];
    if (number <= last || number >= count || value === undefined || more.length > 0) return undefined;
    found[number] = value;
    last = number;
  }
  return found;
};

/**
 * What is left out means SHA-1 (RFC 4055, section 3.1), which counts for nothing. Attack: parameters beside the signature that
 * weaken it. They are read as a whole, and the hash of the mask must be that of the message: OpenSSL is told no other.
 */
const pssSchemeOf = (parameters: DerValue | undefined): SignatureScheme | undefined => {
  const [hashField, maskField, saltField, trailerField] = numberedFields(parameters, 4) ?? [];
  const hash = hashAlgorithmOf(hashField);
  const [maskFunction, maskHash] = sequenceOf(maskField) ?? [];
  if (hash === undefined || oidOf(maskFunction) !== mgf1 || hashAlgorithmOf(maskHash) !== hash)
    return undefined;
  if (trailerField !== undefined && integerOf(trailerField) !== trailerBc) return undefined;
  const saltLength = saltField === undefined ? defaultSaltLength : integerOf(saltField);
  return saltLength === undefined || saltLength > maxSaltLength ? undefined : { hash, saltLength };
};

/** @param digest the hash that stands beside it for the content */
export const signatureSchemeOf = (
  algorithm: DerValue | undefined,
  digest: DigestAlgorithm,
): SignatureScheme | undefined => {
  const [name, parameters] = sequenceOf(algorithm) ?? [];
  const id = oidOf(name) ?? '';
  if (id === rsaPss) return pssSchemeOf(parameters);
  const hash = signatureHashes[id];
  return hash && { hash: hash === 'digest' ? digest : hash };
};
