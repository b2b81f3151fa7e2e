import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bytesOfBase64 } from './base64.ts';
import { derValues } from './der.ts';
import { readPublicKey } from './public-key.ts';

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const p256 = ec('P-256');
const pem = pemOf(p256.publicKey);
const spki = p256.publicKey.export({ type: 'spki', format: 'der' });
const block = (bytes: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.from(bytes).toString('base64')}\n-----END PUBLIC KEY-----\n`;

describe('keys that can verify are read', () => {
  test.each([
    ['P-256', p256.publicKey],
    ['P-384', ec('P-384').publicKey],
    ['P-521', ec('P-521').publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
    ['RSA of 2048 bits', rsa(2048).publicKey],
    ['RSA of 3072 bits', rsa(3072).publicKey],
    ['RSA that says PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
  ])('%s', (_title, key) => {
    const der = key.export({ type: 'spki', format: 'der' });
    expect(readPublicKey(pemOf(key))).toEqual({ ok: true, value: der.toString('base64') });
  });

  test('lines may be indented, long or end as on Windows: the key is the same', () => {
    const want = { ok: true, value: spki.toString('base64') };
    for (const text of [block(spki), `\n  ${pem.replaceAll('\n', '\r\n')}\n`, pem.replaceAll('\n', '\n    ')])
      expect(readPublicKey(text)).toEqual(want);
    expect(createPublicKey(block(spki)).equals(p256.publicKey)).toBe(true);
  });
});

describe('what is no such key is refused', () => {
  const privatePem = p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pkcs1 = rsa(2048).publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  test.each([
    ['nothing', '', 'must be a PEM block'],
    ['the name of a file', 'cosign.pub', 'must be a PEM block'],
    ['a private key', privatePem, 'private key: take it out'],
    ['a certificate', pem.replaceAll('PUBLIC KEY', 'CERTIFICATE'), 'certificate'],
    ['PKCS #1', pkcs1, 'openssl rsa'],
    ['two keys', pem + pem, 'more than one PEM block'],
    ['text behind the key', `${pem}\nx`, 'nothing else'],
    ['a key that is cut', block(spki.subarray(0, 60)), 'SubjectPublicKeyInfo'],
    ['bytes behind the key', block(Buffer.concat([spki, Buffer.from([0])])), 'SubjectPublicKeyInfo'],
    ['base64 that no encoder wrote', pem.replace(/==\n-/, '=\n-').replace('MFkw', 'MF*w'), 'base64'],
    ['RSA of 1024 bits', pemOf(rsa(1024).publicKey), '1024 bits'],
    ['another curve', pemOf(ec('secp256k1').publicKey), 'P-256, P-384 and P-521'],
    ['Ed448', pemOf(generateKeyPairSync('ed448').publicKey), 'ECDSA, RSA and Ed25519'],
    ['a key for agreement', pemOf(generateKeyPairSync('x25519').publicKey), 'ECDSA, RSA and Ed25519'],
  ])('%s', (_title, text, want) => {
    const read = readPublicKey(text);
    expect(read).toMatchObject({ ok: false, error: expect.stringContaining(want) });
  });

  test('a problem never quotes what was read: it may be secret', () => {
    const [, secret = ''] = privatePem.split('\n');
    expect(JSON.stringify(readPublicKey(privatePem))).not.toContain(secret.slice(0, 16));
  });

  test('each byte of the head of a key counts', () => {
    for (let at = 0; at < 27; at += 1) {
      const wrong = Uint8Array.from(spki);
      wrong[at] = (wrong[at] ?? 0) ^ 0xff;
      expect([at, readPublicKey(block(wrong)).ok]).toEqual([at, false]);
    }
  });
});

test.each([
  ['no padding', 'AAA', undefined],
  ['bits left over', 'AB==', undefined],
  ['padding alone', '====', undefined],
  ['padding within', 'AA==AAAA', undefined],
  ['white space', 'AAA ', undefined],
  ['one byte', '/w==', [255]],
  ['three bytes', 'AAEC', [0, 1, 2]],
  ['none', '', []],
])('base64: %s', (_title, text, want) => {
  expect(bytesOfBase64(text)).toEqual(want === undefined ? undefined : Uint8Array.from(want));
});

test.each([
  ['a length that is longer than it must be', [2, 0x81, 1, 0]],
  ['a length of no end', [0x30, 0x80, 0, 0]],
  ['a length beyond the end', [2, 5, 0]],
  ['a tag of two bytes', [0x1f, 0x81, 1, 0]],
  ['a tag alone', [2]],
])('DER: %s is refused', (_title, bytes) => {
  expect(derValues(Uint8Array.from(bytes))).toBeUndefined();
});
