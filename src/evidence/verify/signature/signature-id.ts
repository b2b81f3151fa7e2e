import type { KeyObject } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { Digest } from '../../../core/image/digest.ts';
import { digestOf } from '../../content-digest.ts';

const curves = { prime256v1: p256, secp384r1: p384, secp521r1: p521 };

/** (r, s) and (r, n - s), which are both valid for whom one of them is; none for keys of another kind. */
const spellingsOf = (key: KeyObject, signature: Uint8Array) => {
  const name = key.asymmetricKeyDetails?.namedCurve as keyof typeof curves;
  if (key.asymmetricKeyType !== 'ec' || !Object.hasOwn(curves, name)) return undefined;
  const { Signature, Point } = curves[name];
  try {
    const { r, s } = Signature.fromBytes(signature, 'der');
    return { Signature, r, s, negative: Point.Fn.ORDER - s };
  } catch {
    return undefined;
  }
};

/** The same signature in its second spelling, which nobody needs the key for; none where it has one spelling. */
export const secondSpelling = (key: KeyObject, signature: Uint8Array): Uint8Array | undefined => {
  const spellings = spellingsOf(key, signature);
  if (spellings === undefined) return undefined;
  const { Signature, r, negative } = spellings;
  return new Signature(r, negative).toBytes('der');
};

/**
 * Names a signature that holds. Attack: whoever sees a signature of ECDSA can write it in a second way without the key, and
 * have that dated anew, as if it had been made today.
 */
export const signatureId = (key: KeyObject, signature: Uint8Array): Digest => {
  const spellings = spellingsOf(key, signature);
  if (spellings === undefined) return digestOf(signature, 'sha256');
  const { r, s, negative } = spellings;
  return digestOf(Buffer.from(`${r} ${s < negative ? s : negative}`), 'sha256');
};
