import type { KeyObject } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { Digest } from '../../../core/image/digest.ts';
import { digestOf } from '../../content-digest.ts';

const curves = { prime256v1: p256, secp384r1: p384, secp521r1: p521 };

/** Of (r, s) and (r, n - s), which are both valid, the one with the smaller s; none where that cannot be read. */
const lowOf = (curve: keyof typeof curves, signature: Uint8Array): string | undefined => {
  try {
    const { r, s } = curves[curve].Signature.fromBytes(signature, 'der');
    const negative = curves[curve].Point.Fn.ORDER - s;
    return `${r} ${s < negative ? s : negative}`;
  } catch {
    return undefined;
  }
};

/**
 * Names a signature that holds. Attack: whoever sees a signature of ECDSA can write it in a second way without the key, and
 * have that dated anew, as if it had been made today.
 */
export const signatureId = (key: KeyObject, signature: Uint8Array): Digest => {
  const curve = key.asymmetricKeyDetails?.namedCurve as keyof typeof curves;
  const isCurve = key.asymmetricKeyType === 'ec' && Object.hasOwn(curves, curve);
  const low = isCurve ? lowOf(curve, signature) : undefined;
  return digestOf(low === undefined ? signature : Buffer.from(low), 'sha256');
};
