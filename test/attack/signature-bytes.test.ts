/** Attacks on the bytes of signatures: what two readers would read differently, or what is nearly a signature (S1, S4). */
import { describe, expect, test } from 'vitest';
import { verifyCandidate } from '../../src/evidence/verify/verify-candidate.ts';
import type { CandidateLayer } from '../../src/evidence/verify/verification.ts';
import {
  bundleLayer,
  bytesOf,
  dsseBundle,
  ecKey,
  envelope,
  keyMaterial,
  manifest,
  messageBundle,
  simplePayload,
  simpleSigningLayer,
  statement,
  subject,
  verification,
} from '../fakes/signature/signed-layers.ts';

const key = ecKey();
const claimsIn = (layer: CandidateLayer) =>
  verifyCandidate(verification([layer], { keys: [key.spki] })).claims.length;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const hex = subject.slice('sha256:'.length);
const otherHex = 'f'.repeat(64);

const payload = text(simplePayload(subject));
const simple = (changed: string | Uint8Array): CandidateLayer =>
  simpleSigningLayer(key.sign, typeof changed === 'string' ? bytesOf(changed) : changed);
const said = text(statement());
const inBundle = (changed: string | Uint8Array): CandidateLayer =>
  bundleLayer(dsseBundle([key.sign], typeof changed === 'string' ? bytesOf(changed) : changed));
const withPredicate = (predicate: string): CandidateLayer =>
  inBundle(said.replace('"predicate":{}', `"predicate":${predicate}`));
const bom = Uint8Array.of(0xef, 0xbb, 0xbf);

const signed = dsseBundle([key.sign], statement());
const message = messageBundle(key.sign);
const { dsseEnvelope } = signed;
const wrapped = dsseEnvelope.payload.replace(/.{60}/g, '$&\n');
const inner = bytesOf(JSON.stringify(dsseEnvelope));

const layers: Readonly<Record<string, CandidateLayer>> = {
  'the digest in capitals': simple(payload.replace(hex, hex.toUpperCase())),
  'the digest without its algorithm': simple(payload.replace(subject, hex)),
  'a blank behind the digest': simple(payload.replace(subject, `${subject} `)),
  'a zero behind the digest': simple(payload.replace(subject, `${subject}\\u0000`)),
  'a payload behind a byte order mark': simple(Buffer.concat([bom, bytesOf(payload)])),
  'a payload and something behind it': simple(`${payload}{}`),
  'a payload and a zero behind it': simple(`${payload}\0`),
  'a payload in a list': simple(`[${payload}]`),
  'a critical part that is escaped and there twice': simple(
    payload.replace('{"critical"', `{"\\u0063ritical":{},"critical"`),
  ),
  'the digest twice, once with an escape': simple(
    payload.replace(
      '"docker-manifest-digest"',
      `"docker\\u002dmanifest-digest":"sha256:${otherHex}","docker-manifest-digest"`,
    ),
  ),
  'a critical part behind __proto__': simple(payload.replace('{"critical"', '{"__proto__"')),
  'a statement about the digest in capitals': inBundle(said.replace(hex, hex.toUpperCase())),
  'a statement that names the digest as sha512': inBundle(said.replace('"sha256"', '"sha512"')),
  'a statement with the digest behind __proto__': inBundle(
    said.replace(/"digest":(\{[^}]*\})/, '"digest":{"__proto__":$1}'),
  ),
  'a statement with its type twice': inBundle(said.replace('{', '{"_type":"x",')),
  'a statement with its type twice, once escaped': inBundle(said.replace('{', '{"\\u005ftype":"x",')),
  'a statement in a list': inBundle(`[${said}]`),
  'a statement behind a byte order mark': inBundle(Buffer.concat([bom, bytesOf(said)])),
  'an envelope in an envelope': bundleLayer(dsseBundle([key.sign], inner)),
  'a predicate that is a list': withPredicate('["it failed"]'),
  'a predicate that is a text': withPredicate('"it failed"'),
  'a predicate that is a number': withPredicate('0'),
  'a type with a parameter': bundleLayer({
    ...signed,
    dsseEnvelope: envelope([key.sign], statement(), 'application/vnd.in-toto+json; v=1'),
  }),
  'the envelope under its other name': bundleLayer({
    mediaType: signed.mediaType,
    verificationMaterial: keyMaterial,
    dsse_envelope: dsseEnvelope,
  }),
  'an envelope and a message signature': bundleLayer({
    ...signed,
    messageSignature: message.messageSignature,
  }),
  'a payload with line breaks': bundleLayer({
    ...signed,
    dsseEnvelope: { ...dsseEnvelope, payload: wrapped },
  }),
  'a payload with a blank': bundleLayer({
    ...signed,
    dsseEnvelope: { ...dsseEnvelope, payload: ` ${dsseEnvelope.payload}` },
  }),
  'two signatures in a bundle': bundleLayer({
    ...signed,
    dsseEnvelope: { ...dsseEnvelope, signatures: [...dsseEnvelope.signatures, ...dsseEnvelope.signatures] },
  }),
  'a key and a certificate': bundleLayer({
    ...signed,
    verificationMaterial: { ...keyMaterial, certificate: { rawBytes: 'AAAA' } },
  }),
  'no key and no certificate': bundleLayer({ ...signed, verificationMaterial: { tlogEntries: [] } }),
  'a bundle of version 0.4': bundleLayer({
    ...signed,
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.4+json',
  }),
  'a message signature with another digest': bundleLayer({
    ...message,
    messageSignature: {
      ...message.messageSignature,
      messageDigest: { algorithm: 'SHA2_256', digest: Buffer.from(otherHex, 'hex').toString('base64') },
    },
  }),
  'a message signature with a digest of a number as algorithm': bundleLayer({
    ...message,
    messageSignature: {
      ...message.messageSignature,
      messageDigest: { ...message.messageSignature.messageDigest, algorithm: 1 },
    },
  }),
};

describe('nobody has signed the image by', () => {
  test.each(Object.keys(layers))('%s', (name) => {
    const layer = layers[name];
    expect(layer && claimsIn(layer)).toBe(0);
  });
});

test('the same bytes, not changed, are signatures', () => {
  expect(manifest.length).toBeGreaterThan(0);
  expect([simple(payload), inBundle(said), bundleLayer(signed), bundleLayer(message)].map(claimsIn)).toEqual([
    1, 1, 1, 1,
  ]);
});
