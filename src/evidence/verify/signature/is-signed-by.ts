import { constants, verify, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { hashesOf } from './public-key.ts';

/** The prefix of the DER SubjectPublicKeyInfo of an Ed25519 key; the 32 bytes of the key follow (RFC 8410, section 4). */
const ed25519PrefixLength = 12;

const rawEd25519 = (key: KeyObject): Uint8Array =>
  new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(ed25519PrefixLength));

/**
 * Ed25519 of the message, else Ed25519ph (RFC 8032, section 5.1), with which both cosigns sign. Node does not know the
 * latter. One is never taken for the other: the hash of Ed25519ph begins with a text of its own.
 */
const isSignedByEd25519 = (key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean => {
  if (verify(null, message, key, signature)) return true;
  return signature.length === 64 && ed25519ph.verify(signature, message, rawEd25519(key), { zip215: false });
};

/** Whether the key has signed these very bytes. Never throws: a signature that cannot be read is a wrong one. */
export const isSignedBy = (key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean => {
  try {
    if (key.asymmetricKeyType === 'ed25519') return isSignedByEd25519(key, message, signature);
    const padding =
      key.asymmetricKeyType === 'rsa-pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const isRsa = key.asymmetricKeyType !== 'ec';
    return hashesOf(key).some((hash) => verify(hash, message, isRsa ? { key, padding } : key, signature));
  } catch {
    return false;
  }
};
