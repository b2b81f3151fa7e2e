import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { signatureId } from './signature-id.ts';

const message = Buffer.from('a statement');

describe.each([
  ['P-256', p256],
  ['P-384', p384],
  ['P-521', p521],
])('an ECDSA signature on %s', (namedCurve, curve) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const signature = sign('sha256', message, privateKey);

  test('has one name in both of its spellings, which are both valid', () => {
    const { r, s } = curve.Signature.fromBytes(signature, 'der');
    const other = new curve.Signature(r, curve.Point.Fn.ORDER - s).toBytes('der');
    expect(verify('sha256', message, publicKey, other)).toBe(true);
    expect(Buffer.compare(other, signature)).not.toBe(0);
    expect(signatureId(publicKey, other)).toBe(signatureId(publicKey, signature));
  });

  test('has another name than the next one of the same message', () => {
    expect(signatureId(publicKey, sign('sha256', message, privateKey))).not.toBe(
      signatureId(publicKey, signature),
    );
  });

  test('that cannot be read has a name, and breaks nothing', () => {
    expect(signatureId(publicKey, new Uint8Array([1]))).toMatch(/^sha256:/);
  });
});

test('a signature of another kind is named by its bytes', () => {
  const key = createPublicKey(generateKeyPairSync('ed25519').privateKey);
  expect(signatureId(key, new Uint8Array([1]))).not.toBe(signatureId(key, new Uint8Array([2])));
});
