import { constants, publicDecrypt, verify, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { DigestAlgorithm } from '../../../core/image/digest.ts';
import { hashOf, type Message } from './message.ts';
import { hashesOf } from './public-key.ts';

const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

/** The prefix of the DER SubjectPublicKeyInfo of an Ed25519 key; the 32 bytes of the key follow (RFC 8410, section 4). */
const ed25519PrefixLength = 12;

/**
 * Ed25519 of the message, else Ed25519ph (RFC 8032, section 5.1), with which both cosigns sign. Node does not know the
 * latter. One is never taken for the other: the hash of Ed25519ph begins with a text of its own.
 */
const isSignedByEd25519 = (key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean => {
  if (verify(null, message, key, signature)) return true;
  if (signature.length !== 64) return false;
  return ed25519ph.verify(signature, message, spkiOf(key).subarray(ed25519PrefixLength), { zip215: false });
};

const paddings: Readonly<Record<string, number>> = {
  rsa: constants.RSA_PKCS1_PADDING,
  'rsa-pss': constants.RSA_PKCS1_PSS_PADDING,
};

/** Whether the key made the signature with this hash. Never throws: a signature that cannot be read is a wrong one. */
export const isSignedWith = (
  key: KeyObject,
  hash: DigestAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => {
  try {
    if (key.asymmetricKeyType === 'ed25519') return isSignedByEd25519(key, message, signature);
    const padding = paddings[key.asymmetricKeyType ?? ''];
    return verify(hash, message, padding === undefined ? key : { key, padding }, signature);
  } catch {
    return false;
  }
};

/** The same for RSA-PSS with a salt of this length, which a certificate for RSA of any kind may stand for (RFC 4055, section 3.1). */
export const isSignedByPss = (
  key: KeyObject,
  { hash, saltLength }: { readonly hash: DigestAlgorithm; readonly saltLength: number },
  message: Uint8Array,
  signature: Uint8Array,
): boolean => {
  if (paddings[key.asymmetricKeyType ?? ''] === undefined) return false;
  try {
    return verify(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
  } catch {
    return false;
  }
};

const curves = { prime256v1: p256, secp384r1: p384, secp521r1: p521 };
/** The DigestInfo of SHA-256 before the hash (RFC 8017, section 9.2). */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** The last bytes of the SubjectPublicKeyInfo of an EC key are the point. */
const pointLength = { prime256v1: 65, secp384r1: 97, secp521r1: 133 };

/** The same of a hash. Node hashes itself, so it has no such function. */
const isHashSignedWith = (key: KeyObject, hash: Uint8Array, signature: Uint8Array): boolean => {
  try {
    if (key.asymmetricKeyType === 'rsa') {
      const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
      return info.equals(Buffer.concat([sha256Info, hash]));
    }
    const curve = key.asymmetricKeyDetails?.namedCurve as keyof typeof curves;
    if (key.asymmetricKeyType !== 'ec' || !Object.hasOwn(curves, curve)) return false;
    const point = spkiOf(key).subarray(-pointLength[curve]);
    return curves[curve].verify(signature, hash, point, { prehash: false, lowS: false, format: 'der' });
  } catch {
    return false;
  }
};

/** Whether the key has signed this very message, with one of the hashes that go with the key. */
export const isSignedBy = (key: KeyObject, message: Message, signature: Uint8Array): boolean =>
  hashesOf(key).some((algorithm) => {
    if ('bytes' in message) return isSignedWith(key, algorithm, message.bytes, signature);
    const hash = hashOf(message, algorithm);
    return hash !== undefined && isHashSignedWith(key, hash, signature);
  });
