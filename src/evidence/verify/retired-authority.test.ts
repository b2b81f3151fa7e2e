/** What a trust root has retired stays retired, whatever a candidate brings with it. */
import { expect, test } from 'vitest';
import { ecPair } from '../../../test/fakes/signature/certificate-authority.ts';
import { keylessBundle, keylessSimpleLayer } from '../../../test/fakes/signature/keyless.ts';
import {
  base64,
  createSigstore,
  minute,
  now,
  signedAt,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, verification } from '../../../test/fakes/signature/signed-layers.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer } from './verification.ts';

const acme = createSigstore();
const retiredAt = new Date(signedAt - minute).toISOString();

const outcomeWith = (root: object, layer: CandidateLayer): string => {
  const trustRoots = [acme.snapshot('acme', root)];
  const { claims, rejected } = verifyCandidate(verification([layer], { trustRoots, now }));
  return claims.length > 0 ? 'believed' : `${rejected[0]?.fault}: ${rejected[0]?.why}`;
};
const [authority] = acme.trustedRoot.certificateAuthorities;
const anchor = { rawBytes: base64(acme.rootDer) };

/** The key of an intermediate was stolen: its entry ends, and a new one under the same anchor has begun. */
const rotated = {
  ...acme.trustedRoot,
  certificateAuthorities: [
    { ...authority!, validFor: { ...authority!.validFor, end: retiredAt } },
    { ...authority!, certChain: { certificates: [anchor] } },
  ],
};
/** The same, by leaving it out. */
const replaced = { ...rotated, certificateAuthorities: rotated.certificateAuthorities.slice(1) };

test.each([
  ['that is retired', rotated],
  ['that is no longer named', replaced],
])('S5: an intermediate CA %s issues nothing because a candidate brings it', (_how, root) => {
  const simple = keylessSimpleLayer(acme);
  expect(outcomeWith(acme.trustedRoot, simple)).toBe('believed');
  expect(outcomeWith(root, simple)).toMatch(/^(untrusted|invalid): /);
  const bundle = keylessBundle(acme);
  const { certificate: _, ...material } = bundle.verificationMaterial;
  const certificates = [bundle.verificationMaterial.certificate, { rawBytes: base64(acme.intermediateDer) }];
  const older = {
    ...bundle,
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2',
    verificationMaterial: { ...material, x509CertificateChain: { certificates } },
  };
  const layer = { ...bundleLayer(older), mediaType: older.mediaType };
  expect(outcomeWith(acme.trustedRoot, layer)).toBe('believed');
  expect(outcomeWith(root, layer)).toMatch(/^(untrusted|invalid): /);
});

test('a stamp by a certificate that the root does not name counts only where it names none', () => {
  const stolen = { key: ecPair(), serial: 0x77, bringsCertificate: true };
  const bundle = keylessBundle(acme, { log: 'none', stamped: true });
  const signature = Buffer.from(bundle.dsseEnvelope.signatures[0]!.sig, 'base64');
  const stamps = { rfc3161Timestamps: [{ signedTimestamp: acme.stamp(signature, signedAt, stolen) }] };
  const material = { ...bundle.verificationMaterial, timestampVerificationData: stamps };
  const layer = bundleLayer({ ...bundle, verificationMaterial: material });
  const [stampers] = acme.trustedRoot.timestampAuthorities;
  const caAlone = { ...stampers!, certChain: { certificates: [{ rawBytes: base64(acme.stampRootDer) }] } };
  expect(outcomeWith({ ...acme.trustedRoot, timestampAuthorities: [caAlone] }, layer)).toBe('believed');
  expect(outcomeWith(acme.trustedRoot, layer)).toMatch(
    /of an authority that the trust root 'acme' does not name for its time/,
  );
});
