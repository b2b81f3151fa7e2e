import { describe, expect, test } from 'vitest';
import {
  bundleLayer,
  bytesOf,
  dsseBundle,
  dsseLayer,
  ecKey,
  ed25519Key,
  envelope,
  manifest,
  messageBundle,
  otherDigest,
  rsaKey,
  rsaPssKey,
  simplePayload,
  simpleSigningLayer,
  statement,
  subject,
  verification,
  type SigningKey,
} from '../../../test/fakes/signature/signed-layers.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, Verification, VerificationResult } from './verification.ts';

const key = ecKey();
const provenance = { predicateType: 'https://slsa.dev/provenance/v1', predicate: { buildDefinition: {} } };

const verify = (layer: CandidateLayer, more: Partial<Verification> = {}): VerificationResult =>
  verifyCandidate(verification([layer], { keys: [key.spki], ...more }));
/** The faults of what says nothing; empty where all of it is believed. */
const faults = (result: VerificationResult): string[] => result.rejected.map(({ fault }) => fault);

const signedForms = {
  'simple signing': ({ sign }: SigningKey) => simpleSigningLayer(sign),
  'a bundle with a statement': ({ sign }: SigningKey) => bundleLayer(dsseBundle([sign])),
  'a bundle with a message signature': ({ sign }: SigningKey) => bundleLayer(messageBundle(sign)),
};
const attestedForms = {
  'an envelope': ({ sign }: SigningKey) => dsseLayer([sign], statement(provenance)),
  'a bundle': ({ sign }: SigningKey) => bundleLayer(dsseBundle([sign], statement(provenance))),
};

describe('a key of the policy signed', () => {
  test.each(Object.entries(signedForms))('%s yields a claim about the judged digest', (_form, layerBy) => {
    const layer = layerBy(key);
    const result = verify(layer);
    expect(result.rejected).toEqual([]);
    expect(result.claims).toMatchObject([
      {
        says: 'signed',
        form: layer.form,
        about: subject,
        signer: { kind: 'key', spki: key.spki },
        logs: [],
        times: [],
        checks: [{ check: 'signature', outcome: 'passed' }],
      },
    ]);
  });

  test.each(Object.entries(attestedForms))('%s yields an attestation', (_form, layerBy) => {
    const result = verify(layerBy(key), { says: 'attested' });
    expect(result.claims).toMatchObject([{ says: 'attested', predicateType: provenance.predicateType }]);
    expect(result.rejected).toEqual([]);
  });

  test('both versions of the statement count', () => {
    const payload = statement({ ...provenance, type: 'https://in-toto.io/Statement/v0.1' });
    expect(verify(dsseLayer([key.sign], payload), { says: 'attested' }).claims).toHaveLength(1);
  });

  test('name and annotations come out of the signed payload', () => {
    const payload = simplePayload(subject, {
      name: 'registry.example.com/shop/web',
      optional: { stage: 'release', build: 7, nested: { stage: 'x' } },
    });
    const [claim] = verify(simpleSigningLayer(key.sign, payload, { stage: 'unsigned' })).claims;
    expect(claim).toMatchObject({ name: 'registry.example.com/shop/web', annotations: { stage: 'release' } });
    expect(Object.keys((claim as { annotations: object }).annotations)).toEqual(['stage']);
  });

  test('annotations of cosign 3 are those of the signed subject', () => {
    const payload = statement({ annotations: { stage: 'release' } });
    const [claim] = verify(bundleLayer(dsseBundle([key.sign], payload))).claims;
    expect(claim).toMatchObject({ annotations: { stage: 'release' } });
    expect(claim).not.toHaveProperty('name');
  });

  test('an empty docker-reference is no name', () => {
    expect(verify(simpleSigningLayer(key.sign)).claims[0]).not.toHaveProperty('name');
  });

  test.each<[string, SigningKey]>([
    ['ECDSA P-384 with SHA-384', ecKey('P-384', 'sha384')],
    ['ECDSA P-384 with SHA-256, as cosign 2 signs', ecKey('P-384', 'sha256')],
    ['ECDSA P-521 with SHA-512', ecKey('P-521', 'sha512')],
    ['ECDSA P-521 with SHA-256, as cosign 2 signs', ecKey('P-521', 'sha256')],
    ['RSA with PKCS #1 v1.5', rsaKey()],
    ['RSA-PSS, where the key says so', rsaPssKey()],
    ['Ed25519', ed25519Key()],
    ['Ed25519ph, as both cosigns sign', ed25519Key('prehashed')],
  ])('G5: %s counts in every form', (_name, signer) => {
    for (const layerBy of Object.values(signedForms)) {
      expect(verify(layerBy(signer), { keys: [signer.spki] }).claims).toHaveLength(1);
      expect(verify(layerBy(key), { keys: [signer.spki] }).claims).toEqual([]);
    }
  });

  test.each<[string, SigningKey]>([
    ['RSA of 1024 bits', rsaKey(1024)],
    ['RSA with SHA-1', rsaKey(2048, 'sha1')],
    ['secp256k1', ecKey('secp256k1')],
    ['ECDSA P-256 with SHA-1', ecKey('P-256', 'sha1')],
  ])('%s does not', (_name, signer) => {
    for (const layerBy of Object.values(signedForms))
      expect(faults(verify(layerBy(signer), { keys: [signer.spki] }))).toEqual(['untrusted']);
  });

  test('each key of an envelope counts once, however often it signed', () => {
    const other = ecKey();
    const layer = dsseLayer([key.sign, key.sign, other.sign, ecKey().sign], statement(provenance));
    const { claims } = verify(layer, { says: 'attested', keys: [key.spki, other.spki] });
    expect(claims.map(({ signer }) => signer)).toMatchObject([{ spki: key.spki }, { spki: other.spki }]);
  });

  test('a layer that says nothing takes nothing from the one beside it (S2)', () => {
    const layers = [simpleSigningLayer(ecKey().sign), simpleSigningLayer(key.sign)];
    const result = verifyCandidate(verification(layers, { keys: [key.spki] }));
    expect(result.claims).toHaveLength(1);
    expect(faults(result)).toEqual(['untrusted']);
  });
});

describe('nothing is believed', () => {
  const withFields = (fields: object): CandidateLayer =>
    bundleLayer({ ...dsseBundle([key.sign]), ...fields });
  const repeated = `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"${otherDigest}"},"image":{"docker-manifest-digest":"${subject}"},"type":"cosign container image signature"},"optional":null}`;

  test.each<[string, CandidateLayer, string]>([
    ['B32: by another key', simpleSigningLayer(ecKey().sign), 'untrusted'],
    ['S1: about another digest', simpleSigningLayer(key.sign, simplePayload(otherDigest)), 'mismatch'],
    [
      'S1, G4: a statement about another digest',
      bundleLayer(dsseBundle([key.sign], statement({ digest: otherDigest }))),
      'mismatch',
    ],
    [
      'S1: a message signature over other bytes',
      bundleLayer(messageBundle(key.sign, bytesOf('x'))),
      'mismatch',
    ],
    [
      'S4: of another type than an image signature',
      simpleSigningLayer(key.sign, simplePayload(subject, { type: 'atomic container signature' })),
      'mismatch',
    ],
    [
      'S4, F2: an attestation of the same key in a bundle, which cosign 3.1.1 takes for a signature',
      bundleLayer(dsseBundle([key.sign], statement(provenance))),
      'mismatch',
    ],
    [
      'S4: an attestation of the same key in an envelope',
      dsseLayer([key.sign], statement(provenance)),
      'mismatch',
    ],
    [
      'S4: a signature statement that says more',
      bundleLayer(dsseBundle([key.sign], statement({ predicate: { passed: false } }))),
      'mismatch',
    ],
    ['S4: a payload with a key twice', simpleSigningLayer(key.sign, bytesOf(repeated)), 'unreadable'],
    [
      'B3, CVE-2026-39395: a payload that is no JSON',
      bundleLayer(dsseBundle([key.sign], bytesOf('{'))),
      'unreadable',
    ],
    [
      'CVE-2026-39395, G4: a payload of another type',
      bundleLayer({ ...dsseBundle([]), dsseEnvelope: envelope([key.sign], statement(), 'text/plain') }),
      'mismatch',
    ],
    [
      'G4: a statement of an unknown type',
      bundleLayer(dsseBundle([key.sign], statement({ type: 'https://in-toto.io/Statement/v2' }))),
      'mismatch',
    ],
    [
      'a payload that is too large',
      simpleSigningLayer(key.sign, simplePayload(subject, { name: 'x'.repeat(70_000) })),
      'limit',
    ],
    [
      'a payload that is too deep',
      simpleSigningLayer(key.sign, bytesOf('{"a":'.repeat(99) + '1' + '}'.repeat(99))),
      'limit',
    ],
    [
      'a signature that is not base64',
      simpleSigningLayer(key.sign, simplePayload(), { 'dev.cosignproject.cosign/signature': '!!!!' }),
      'unreadable',
    ],
    ['a layer of another type', { ...simpleSigningLayer(key.sign), mediaType: 'text/plain' }, 'unreadable'],
    [
      'a bundle of an unknown version',
      bundleLayer({ ...dsseBundle([key.sign]), mediaType: 'v0.9' }),
      'unreadable',
    ],
    ['a bundle with two signatures', bundleLayer(dsseBundle([key.sign, key.sign])), 'unreadable'],
    ['a bundle with two contents', withFields(messageBundle(key.sign)), 'unreadable'],
    ['a bundle without content', withFields({ dsseEnvelope: undefined }), 'unreadable'],
    [
      'more subjects than are read',
      bundleLayer(
        dsseBundle(
          [key.sign],
          bytesOf({
            _type: 'https://in-toto.io/Statement/v1',
            subject: Array.from({ length: 1025 }, () => ({ digest: { sha256: subject.slice(7) } })),
            predicateType: 'x',
          }),
        ),
      ),
      'limit',
    ],
  ])('%s', (_what, layer, fault) => {
    const result = verify(layer);
    expect(result.claims).toEqual([]);
    expect(faults(result)).toEqual([fault]);
  });

  test('S4, GHSA-vjxv-45g9-9296: a signature is no attestation, nor is one form of it', () => {
    for (const layerBy of Object.values(signedForms)) {
      const result = verify(layerBy(key), { says: 'attested' });
      expect(result.claims).toEqual([]);
      expect(faults(result)).toEqual(['mismatch']);
    }
  });

  test('G4: a subject without the judged digest among others', () => {
    const judged = subject.slice('sha256:'.length);
    const about = (subjects: object[]): CandidateLayer =>
      bundleLayer(
        dsseBundle(
          [key.sign],
          bytesOf({
            _type: 'https://in-toto.io/Statement/v1',
            subject: subjects,
            predicateType: provenance.predicateType,
          }),
        ),
      );
    const others = [{ digest: { sha1: judged } }, { digest: { sha256: judged.toUpperCase() } }];
    expect(faults(verify(about(others), { says: 'attested' }))).toEqual(['mismatch']);
    const all = about([...others, { digest: { sha256: judged } }]);
    expect(verify(all, { says: 'attested' }).claims).toHaveLength(1);
  });

  test('beyond the layers that are read, and what is before them counts', () => {
    const honest = simpleSigningLayer(key.sign);
    const many = [honest, ...Array.from({ length: 9999 }, () => ({ ...honest, bytes: bytesOf('{}') }))];
    const result = verifyCandidate(verification(many, { keys: [key.spki] }));
    expect(result.claims).toHaveLength(1);
    expect(result.rejected.at(-1)).toMatchObject({ fault: 'limit', why: expect.stringContaining('9936') });
  });
});

describe('a flipped bit', () => {
  const flip = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

  test.each<[string, CandidateLayer, Verification['says']]>([
    ...Object.entries(signedForms).map(
      ([name, layerBy]) => [name, layerBy(key), 'signed'] as [string, CandidateLayer, 'signed'],
    ),
    ...Object.entries(attestedForms).map(
      ([name, layerBy]) => [name, layerBy(key), 'attested'] as [string, CandidateLayer, 'attested'],
    ),
  ])('in any byte of %s never yields another claim', (_form, layer, says) => {
    const [honest] = verify(layer, { says }).claims;
    for (let at = 0; at < layer.bytes.length; at += 3) {
      const { claims } = verify({ ...layer, bytes: flip(layer.bytes, at) }, { says });
      // Bytes that nobody signs may differ: hints, key ids, names of fields that nobody reads.
      for (const claim of claims) expect(claim).toEqual(honest);
    }
  });

  test('in the manifest is another subject', () => {
    const layer = bundleLayer(messageBundle(key.sign));
    const changed = { digest: subject, manifest: flip(manifest, 3) };
    expect(faults(verify(layer, { subject: changed }))).toEqual(['mismatch']);
  });

  test('in any character of the signature annotation', () => {
    const layer = simpleSigningLayer(key.sign);
    const name = 'dev.cosignproject.cosign/signature';
    const text = layer.annotations[name]!;
    for (let at = 0; at < text.length; at += 1) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(verify({ ...layer, annotations: { [name]: changed } }).claims).toEqual([]);
    }
  });
});

test('B9: what nobody known has signed is not read when it is large', () => {
  const stranger = ecKey();
  const { signs, keys } = { signs: [stranger.sign], keys: [ecKey().spki] };
  const large = Buffer.from(`{"predicate":[${'{},'.repeat(40_000)}{}]`);
  const faultOf = (payload: Uint8Array) =>
    verifyCandidate(verification([dsseLayer(signs, payload)], { says: 'attested', keys })).rejected[0]?.fault;
  expect(faultOf(large)).toBe('untrusted');
  expect(faultOf(large.subarray(0, 1000))).toBe('unreadable');
});
