/** A policy may ask another trust root for the time than the one of the certificate (`require.trustRoot`). */
import { describe, expect, test } from 'vitest';
import { keylessBundle } from '../../../test/fakes/signature/keyless.ts';
import {
  createSigstore,
  day,
  minute,
  now,
  signedAt,
  type Sigstore,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { bundleLayer, verification } from '../../../test/fakes/signature/signed-layers.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import { verifyCandidate } from './verify-candidate.ts';
import type { CandidateLayer } from './verification.ts';

const acme = createSigstore();
const notary = createSigstore();
const archive = createSigstore();
const own = acme.snapshot('acme');
const [byNotary, byArchive] = [notary.snapshot('notary'), archive.snapshot('archive')];

const stampedBy = (...stamps: readonly (readonly [Sigstore, number])[]): CandidateLayer => {
  const bundle = keylessBundle(acme, { log: 'none' });
  const signature = Buffer.from(bundle.dsseEnvelope.signatures[0]!.sig, 'base64');
  const rfc3161Timestamps = stamps.map(([by, at]) => ({ signedTimestamp: by.stamp(signature, at) }));
  const verificationMaterial = {
    ...bundle.verificationMaterial,
    timestampVerificationData: { rfc3161Timestamps },
  };
  return bundleLayer({ ...bundle, verificationMaterial });
};
const verify = (layer: CandidateLayer, ...trustRoots: readonly TrustRootSnapshot[]) =>
  verifyCandidate(verification([layer], { trustRoots, now }));
const datedBy = (...found: Parameters<typeof verify>): readonly unknown[] =>
  verify(...found).claims.map(({ signer, times }) => [
    signer.kind === 'certificate' ? (signer.datedBy ?? 'itself') : 'no certificate',
    times.map(({ trustRoot }) => trustRoot),
  ]);
const outcome = (...found: Parameters<typeof verify>): string => {
  const { claims, rejected } = verify(...found);
  return claims.length > 0 ? 'believed' : `${rejected[0]?.fault}: ${rejected[0]?.why}`;
};

describe('a certificate that its own trust root does not date', () => {
  const stamped = stampedBy([notary, signedAt]);

  test('S5: is believed by the time of another root that is asked, and says so', () => {
    expect(outcome(stamped, own)).toMatch(/^untrusted: .*'acme'/);
    expect(verify(stamped, own, byNotary).claims).toMatchObject([
      {
        signer: { trustRoot: 'acme', datedBy: 'notary' },
        times: [{ trustRoot: 'notary', from: 'timestamp', at: signedAt }],
      },
    ]);
  });

  test('S6: is not believed where the other root finds nothing about this signature', () => {
    expect(outcome(stampedBy(), own, byNotary)).toMatch(/^untrusted: no log and no timestamp/);
    expect(outcome(stamped, own, byArchive)).toMatch(/^untrusted: /);
  });

  test('S5: is refused where it was not valid at that time, or its CA was retired', () => {
    for (const at of [signedAt + day, signedAt - day])
      expect(outcome(stampedBy([notary, at]), own, byNotary)).toMatch(/^invalid: .*valid when/);
    const root = structuredClone(acme.trustedRoot);
    root.certificateAuthorities[0]!.validFor.end = new Date(signedAt - minute).toISOString();
    expect(outcome(stamped, acme.snapshot('acme', root), byNotary)).toMatch(/^invalid: .*valid when/);
  });

  test('S2: each other root dates it by itself: a further one that refuses it spoils nothing', () => {
    const twice = stampedBy([notary, signedAt], [archive, signedAt + day]);
    for (const roots of [
      [own, byNotary, byArchive],
      [byArchive, byNotary, own],
    ])
      expect(datedBy(twice, ...roots)).toEqual([['notary', ['notary']]]);
    const both = stampedBy([notary, signedAt], [archive, signedAt]);
    expect(datedBy(both, own, byNotary, byArchive)).toEqual([
      ['notary', ['notary']],
      ['archive', ['archive']],
    ]);
  });

  test('where its own root dates it, that decides', () => {
    expect(datedBy(stampedBy([acme, signedAt], [notary, signedAt]), own, byNotary)).toEqual([
      ['itself', ['acme', 'notary']],
    ]);
    expect(outcome(stampedBy([acme, signedAt + day], [notary, signedAt]), own, byNotary)).toMatch(
      /^invalid: .*valid when/,
    );
  });
});
