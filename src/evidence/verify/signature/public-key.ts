import { createPublicKey, type KeyObject } from 'node:crypto';
import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import type { KeySigner } from '../../../core/facts/claim.ts';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { digestOf } from '../../content-digest.ts';
import { readBase64 } from './base64.ts';

/** NIST curves by their OpenSSL name, each with the hash that goes with it. */
const strongHashes: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const hashOfCurve: Readonly<Record<string, DigestAlgorithm>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};
const minRsaBits = 2048;
/** A key of a stranger's certificate: verifying costs more the longer it is. */
const maxRsaBits = 8192;

/**
 * The hashes that a signature by this key may be made with, the usual one first. Ed25519 hashes by itself, always with
 * SHA-512.
 */
export const hashesOf = ({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): readonly DigestAlgorithm[] => {
  if (asymmetricKeyType === 'ed25519') return ['sha512'];
  if (asymmetricKeyType === 'rsa') return ['sha256'];
  if (asymmetricKeyType === 'rsa-pss')
    return strongHashes.filter((hash) => hash === (asymmetricKeyDetails?.hashAlgorithm ?? 'sha256'));
  const usual = hashOfCurve[asymmetricKeyDetails?.namedCurve ?? ''];
  if (usual === undefined) return [];
  // cosign 2 signs with SHA-256 whatever the curve is.
  return usual === 'sha256' ? [usual] : [usual, 'sha256'];
};

const isRsaLength = (bits: number): boolean => bits >= minRsaBits && bits <= maxRsaBits;

const whyWeak = (key: KeyObject): string | undefined => {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return undefined;
  if (type === 'rsa' || type === 'rsa-pss')
    return isRsaLength(details?.modulusLength ?? 0)
      ? undefined
      : `RSA needs ${minRsaBits} to ${maxRsaBits} bits`;
  if (type === 'ec' && hashesOf(key).length > 0) return undefined;
  return 'it is none of ECDSA P-256, P-384, P-521, RSA and Ed25519';
};

/** The key, if signatures by it count. @returns why they do not */
export const strongKey = (key: KeyObject): Result<KeyObject, string> => {
  const why = whyWeak(key);
  return why === undefined ? ok(key) : fail(why);
};

/** The same of a DER SubjectPublicKeyInfo. */
const readSpki = (der: Uint8Array): Result<KeyObject, string> => {
  try {
    return strongKey(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
  } catch (error) {
    return fail(`it is no public key: ${messageOf(error)}`);
  }
};

/** A key that a policy names. */
export interface PolicyKey {
  readonly key: KeyObject;
  readonly der: Uint8Array;
  readonly signer: KeySigner;
}

/** @param spki base64 of the DER SubjectPublicKeyInfo */
export const readPolicyKey = (spki: string): Result<PolicyKey, string> => {
  const der = readBase64(spki);
  if (der === undefined) return fail('it is not base64');
  const key = readSpki(der);
  if (!key.ok) return key;
  return ok({ key: key.value, der, signer: { kind: 'key', spki, fingerprint: digestOf(der, 'sha256') } });
};
