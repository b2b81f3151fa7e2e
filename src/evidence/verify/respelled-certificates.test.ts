import { createHash } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { imageDigest, judgedAt } from '../../../test/fakes/image-facts.ts';
import { claimFacts, repository } from '../../../test/fakes/claims.ts';
import { codesIn } from '../../../test/fakes/signature-verdict.ts';
import {
  certificate,
  codeSigning,
  commonName,
  ecPair,
  extensions,
  name,
  rsaPair,
  type KeyPair,
} from '../../../test/fakes/signature/certificate-authority.ts';
import { bits, sequence } from '../../../test/fakes/signature/der-writer.ts';
import { keylessBundle } from '../../../test/fakes/signature/keyless.ts';
import { certificatePem, createSigstore, day } from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, subject, verification } from '../../../test/fakes/signature/signed-layers.ts';
import type { Digest } from '../../core/image/digest.ts';
import { readDer, sequenceOf } from './der/der.ts';
import { verifyCandidate } from './verify-candidate.ts';

/**
 * Nobody signs the signature in a certificate. Attack: whoever sees one of ECDSA writes it in the second way that is valid, and
 * the certificate has another sha256 than the one that is revoked.
 */

const curves = { 'P-256': p256, 'P-384': p384, 'P-521': p521 };
type Curve = keyof typeof curves;

const respelled = (der: Buffer, curve: Curve): Buffer => {
  const [tbs, algorithm, signature] = sequenceOf(readDer(der)) ?? [];
  const { Signature, Point } = curves[curve];
  const { r, s } = Signature.fromBytes(signature!.content.subarray(1), 'der');
  const other = new Signature(r, Point.Fn.ORDER - s).toBytes('der');
  return sequence(Buffer.from(tbs!.bytes), Buffer.from(algorithm!.bytes), bits(other));
};
const sha256 = (der: Buffer) => `sha256:${createHash('sha256').update(der).digest('hex')}` as Digest;

const acme = createSigstore();
const fields = { from: judgedAt - day, until: judgedAt + 60 * day };
/** The certificates of a partner, each issued by the one behind it, and the layer that they signed. */
const chainBy = (root: KeyPair, middle: KeyPair) => {
  const key = ecPair();
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
  const middleDer = certificate(
    {
      ...fields,
      subject: commonName('middle'),
      issuer: commonName('partner'),
      spki: middle.spki,
      extensions: [extensions.ca(0), extensions.mayIssue],
    },
    root,
  );
  const leafDer = certificate(
    {
      ...fields,
      subject: sequence(),
      issuer: commonName('middle'),
      spki: key.spki,
      extensions: [
        extensions.maySign,
        extensions.purposes([codeSigning]),
        extensions.names(name.email('release@partner.example')),
      ],
    },
    middle,
  );
  return { key, rootDer, middleDer, leafDer };
};
type Certificates = ReturnType<typeof chainBy>;

const codes = ({ key, rootDer }: Certificates, chain: readonly Buffer[], revoked: Buffer) => {
  const honest = keylessBundle(acme, { key, certificate: chain[0]!, log: 'none' });
  const certificates = chain.map((one) => ({ rawBytes: one.toString('base64') }));
  const material = { x509CertificateChain: { certificates }, tlogEntries: [] };
  const trustRoots = [
    { kind: 'x509', name: 'partner', id: sha256(rootDer), roots: certificatePem(rootDer) } as const,
  ];
  const { claims, rejected } = verifyCandidate(
    verification([bundleLayer({ ...honest, verificationMaterial: material })], { now: judgedAt, trustRoots }),
  );
  expect(rejected).toEqual([]);
  const [claim] = claims.flatMap((one) => (one.says === 'signed' ? [one] : []));
  const placed = {
    candidate: subject,
    sources: ['referrers'],
    location: repository,
    about: imageDigest,
  } as const;
  const facts = claimFacts({ claims: claim === undefined ? [] : [{ ...claim, ...placed }] });
  const authority = {
    certificate: { trustRoot: 'partner', identities: [{ subject: 'release@partner.example' }] },
  };
  return codesIn(authority, facts, { revoked: { certificates: [sha256(revoked)] } });
};

const refused = ['signature-revoked'];

describe.each<Curve>(['P-256', 'P-384', 'P-521'])(
  'B8: certificates that a CA signed by ECDSA on %s',
  (curve) => {
    const made = chainBy(ecPair(curve), ecPair(curve));
    const { leafDer, middleDer } = made;

    test('count where another one is revoked', () => {
      expect(codes(made, [leafDer, middleDer], Buffer.from('another'))).toEqual([]);
      expect(codes(made, [respelled(leafDer, curve), middleDer], Buffer.from('another'))).toEqual([]);
    });

    test.each<[string, readonly Buffer[], Buffer]>([
      ['the one of the signer', [leafDer, middleDer], leafDer],
      ['that one, its signature written anew', [respelled(leafDer, curve), middleDer], leafDer],
      ['the one above it', [leafDer, middleDer], middleDer],
      ['that one, its signature written anew', [leafDer, respelled(middleDer, curve)], middleDer],
      ['one that was written anew when it was revoked', [leafDer, middleDer], respelled(leafDer, curve)],
    ])('are revoked in each spelling: %s', (_which, chain, revoked) => {
      expect(codes(made, chain, revoked)).toEqual(refused);
    });
  },
);

test('certificates that a CA signed by RSA have one spelling', () => {
  const made = chainBy(rsaPair(), rsaPair());
  expect(codes(made, [made.leafDer, made.middleDer], made.leafDer)).toEqual(refused);
  expect(codes(made, [made.leafDer, made.middleDer], made.middleDer)).toEqual(refused);
});
