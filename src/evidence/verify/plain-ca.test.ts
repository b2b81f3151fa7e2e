import { constants, createHash, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  certificate,
  codeSigning,
  commonName,
  distinguishedName,
  ecPair,
  extensions,
  name,
  rsaPair,
  weakAlgorithm,
} from '../../../test/fakes/signature/certificate-authority.ts';
import { bits, der, integer, oid, sequence } from '../../../test/fakes/signature/der-writer.ts';
import { keylessBundle, keylessSimpleLayer } from '../../../test/fakes/signature/keyless.ts';
import {
  certificatePem,
  createSigstore,
  day,
  now,
  signedAt,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, subject, verification } from '../../../test/fakes/signature/signed-layers.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import { readDer, sequenceOf } from './der/der.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer, Verification, VerificationResult } from './verification.ts';

/** RFC 4055, section 3.1, with a salt of 32 bytes. */
const pssParameters = (hash: string): Buffer => {
  const algorithm = sequence(oid(hash), Buffer.from([5, 0]));
  const mask = sequence(oid('1.2.840.113549.1.1.8'), algorithm);
  return sequence(der(0xa0, algorithm), der(0xa1, mask), der(0xa2, integer(32)));
};

const acme = createSigstore();
const verify = (layer: CandidateLayer, more: Partial<Verification>): VerificationResult =>
  verifyCandidate(verification([layer], { now, ...more }));
const outcome = ({ claims, rejected: [first] }: VerificationResult): string =>
  claims.length > 0 ? 'believed' : `${first?.fault}: ${first?.why}`;

describe('a plain certificate authority', () => {
  const [root, middle, key] = [ecPair(), ecPair(), ecPair()];
  const fields = { from: signedAt - day, until: signedAt + 60 * day };
  const rootDer = certificate(
    {
      ...fields,
      subject: commonName('partner'),
      issuer: commonName('partner'),
      spki: root.spki,
      extensions: [extensions.ca(1), extensions.mayIssue],
    },
    root,
  );
  const middleWith = (more: readonly Buffer[]): Buffer =>
    certificate(
      {
        ...fields,
        subject: commonName('middle'),
        issuer: commonName('partner'),
        spki: middle.spki,
        extensions: [...more, extensions.mayIssue],
      },
      root,
    );
  const leafDer = certificate(
    {
      ...fields,
      subject: distinguishedName(['2.5.4.6', 'DE'], ['2.5.4.10', 'Partner, Inc.'], ['2.5.4.3', 'release']),
      issuer: commonName('middle'),
      spki: key.spki,
      extensions: [
        extensions.maySign,
        extensions.purposes([codeSigning]),
        extensions.names(name.email('release@partner.example'), name.dns('partner.example')),
      ],
    },
    middle,
  );
  const snapshot: TrustRootSnapshot = {
    kind: 'x509',
    name: 'partner',
    id: subject,
    roots: certificatePem(rootDer),
  };
  const layerWith = (...chain: readonly Buffer[]): CandidateLayer => {
    const honest = keylessBundle(acme, { key, certificate: leafDer, log: 'none' });
    const rawBytes = chain.map((one) => ({ rawBytes: one.toString('base64') }));
    const verificationMaterial = { x509CertificateChain: { certificates: rawBytes }, tlogEntries: [] };
    return bundleLayer({ ...honest, verificationMaterial });
  };
  const good = middleWith([extensions.ca(0)]);

  test('stands behind a chain of version 0.3, whose validity is for the policy to judge', () => {
    const result = verify(layerWith(leafDer, good), { trustRoots: [snapshot] });
    expect(result.claims).toMatchObject([
      {
        signer: {
          trustRoot: 'partner',
          names: [
            { kind: 'email', value: 'release@partner.example' },
            { kind: 'dns', value: 'partner.example' },
          ],
          subject: 'CN=release,O=Partner\\, Inc.,C=DE',
          validity: { from: fields.from, until: fields.until },
          certificateLogs: [],
          fields: {},
        },
        times: [],
        logs: [],
      },
    ]);
    expect(result.claims[0]?.signer).not.toHaveProperty('issuer');
  });

  test('its validity is told after its end too', () => {
    const { claims } = verify(layerWith(leafDer, good), { trustRoots: [snapshot], now: now + 365 * day });
    expect(claims).toHaveLength(1);
  });

  test.each<[string, readonly Buffer[], RegExp]>([
    ['without the certificate between', [leafDer], /^untrusted: /],
    ['with one that is of no CA', [leafDer, middleWith([])], /^invalid: .*not one of a CA/],
    [
      'with its root, which is for the policy to name',
      [leafDer, good, rootDer],
      /^unreadable: .*issued itself/,
    ],
    ['with more certificates than are read', [leafDer, ...Array.from({ length: 8 }, () => good)], /^limit: /],
  ])('not %s', (_what, chain, why) => {
    expect(outcome(verify(layerWith(...chain), { trustRoots: [snapshot] }))).toMatch(why);
  });

  test('B5: not with a certificate that was signed with SHA-1', () => {
    const weak = certificate(
      {
        ...fields,
        subject: commonName('middle'),
        issuer: commonName('partner'),
        spki: middle.spki,
        extensions: [extensions.ca(), extensions.mayIssue],
        algorithm: weakAlgorithm,
      },
      root,
    );
    expect(outcome(verify(layerWith(leafDer, weak), { trustRoots: [snapshot] }))).toMatch(/^untrusted: /);
  });

  test.each<[string, 'sha1' | 'sha256', Buffer, string]>([
    ['SHA-1, which its parameters say by saying nothing', 'sha1', sequence(), 'untrusted'],
    ['SHA-256', 'sha256', pssParameters('2.16.840.1.101.3.4.2.1'), 'believed'],
  ])('B5: with one that was signed by RSA-PSS with %s', (_what, hash, parameters, want) => {
    const rsa = rsaPair();
    const algorithm = sequence(oid('1.2.840.113549.1.1.10'), parameters);
    const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hash === 'sha1' ? 20 : 32 };
    const signedWith = (written: Buffer): Buffer => {
      const [tbs] = sequenceOf(readDer(written)) ?? [];
      const bytes = Buffer.from(tbs?.bytes ?? []);
      return sequence(bytes, algorithm, bits(sign(hash, bytes, { key: rsa.privateKey, ...options })));
    };
    const ca = certificate(
      {
        ...fields,
        subject: commonName('pss'),
        issuer: commonName('pss'),
        spki: rsa.spki,
        extensions: [extensions.ca(0), extensions.mayIssue],
      },
      rsa,
    );
    const leaf = certificate(
      {
        ...fields,
        subject: sequence(),
        issuer: commonName('pss'),
        spki: key.spki,
        extensions: [extensions.maySign, extensions.purposes([codeSigning])],
        algorithm,
      },
      rsa,
    );
    const named = {
      ...snapshot,
      id: createHash('sha256').update(ca).digest('hex'),
      roots: certificatePem(ca),
    };
    const trustRoots = [named as TrustRootSnapshot];
    expect(outcome(verify(layerWith(signedWith(leaf)), { trustRoots })).replace(/:.*/, '')).toBe(want);
  });

  test('not with more CAs below one than it allows', () => {
    const deeper = ecPair();
    const under = certificate(
      {
        ...fields,
        subject: commonName('deeper'),
        issuer: commonName('middle'),
        spki: deeper.spki,
        extensions: [extensions.ca(), extensions.mayIssue],
      },
      middle,
    );
    const leaf = certificate(
      {
        ...fields,
        subject: sequence(),
        issuer: commonName('deeper'),
        spki: key.spki,
        extensions: [extensions.maySign, extensions.purposes([codeSigning])],
      },
      deeper,
    );
    expect(outcome(verify(layerWith(leaf, under, good), { trustRoots: [snapshot] }))).toMatch(
      /^invalid: .*more certificates below it/,
    );
  });

  test('certificates that all issue each other cost little', () => {
    const chain = Array.from({ length: 6 }, (_, serial) =>
      certificate(
        {
          ...fields,
          subject: commonName('middle'),
          issuer: commonName('middle'),
          spki: middle.spki,
          serial: serial + 100,
          extensions: [extensions.ca(), extensions.mayIssue, extensions.names(name.dns('x'))],
        },
        middle,
      ),
    );
    const begun = performance.now();
    expect(outcome(verify(layerWith(leafDer, ...chain), { trustRoots: [snapshot] }))).toMatch(/^unreadable/);
    const beside = keylessSimpleLayer(acme, { key, certificate: leafDer, log: 'none' });
    const text = chain.map(certificatePem).join('');
    const annotations = { ...beside.annotations, 'dev.sigstore.cosign/chain': text };
    expect(outcome(verify({ ...beside, annotations }, { trustRoots: [snapshot] }))).toMatch(/^untrusted/);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
