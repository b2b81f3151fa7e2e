import type { ClaimCheckResult } from '../../core/facts/claim.ts';
import type { Result } from '../../core/result.ts';
import { readDsse } from './form/dsse.ts';
import type { SignedMaterial } from './form/signed-material.ts';
import { readSigstoreBundle } from './form/sigstore-bundle.ts';
import { readSimpleSigning } from './form/simple-signing.ts';
import { readPayload } from './payload/read-payload.ts';
import { reject, type Rejection } from './rejection.ts';
import { isSignedBy } from './signature/is-signed-by.ts';
import { readPolicyKey, type PolicyKey } from './signature/public-key.ts';
import type {
  CandidateLayer,
  Verification,
  VerificationResult,
  VerifiedClaim,
  VerifiedRejection,
} from './verification.ts';

/** cosign 2 adds a layer to the same manifest with each signature; nobody signs one image that often. */
const maxLayers = 64;

const readLayer = (layer: CandidateLayer, verification: Verification): Result<SignedMaterial, Rejection> => {
  switch (layer.form) {
    case 'simple-signing':
      return verification.says === 'signed'
        ? readSimpleSigning(layer)
        : reject('mismatch', 'it is a signature, not an attestation');
    case 'dsse':
      return readDsse(layer);
    case 'bundle':
      return readSigstoreBundle(layer, verification.says, verification.subject.manifest);
    default:
      return layer.form satisfies never;
  }
};

const signature = (outcome: ClaimCheckResult['outcome']): ClaimCheckResult => ({
  check: 'signature',
  outcome,
});

/** The keys that made one of the signatures: each counts once, however often it signed. */
const signersOf = ({ signatures, message }: SignedMaterial, keys: readonly PolicyKey[]): PolicyKey[] =>
  keys.filter(({ key }) => signatures.some((candidate) => isSignedBy(key, message, candidate)));

const verifyLayer = (
  layer: CandidateLayer,
  keys: readonly PolicyKey[],
  verification: Verification,
): VerificationResult => {
  const rejected = (
    { fault, why }: Rejection,
    checks: VerifiedRejection['checks'] = [],
  ): VerificationResult => ({ claims: [], rejected: [{ form: layer.form, fault, why, checks }] });

  const material = readLayer(layer, verification);
  if (!material.ok) return rejected(material.error);
  const signers = signersOf(material.value, keys);
  const word = readPayload(material.value.payload, verification);
  // Bytes that nobody known has signed are read too: only to say what is wrong with them.
  if (!word.ok) return rejected(word.error, [signature(signers.length > 0 ? 'passed' : 'failed')]);
  if (signers.length === 0)
    return rejected({ fault: 'untrusted', why: 'no key that the policy names made its signature' }, [
      signature('failed'),
    ]);
  const claims = signers.map(({ signer }): VerifiedClaim => ({
    ...word.value,
    form: layer.form,
    about: verification.subject.digest,
    signer,
    logs: [],
    times: [],
    checks: [signature('passed')],
  }));
  return { claims, rejected: [] };
};

/** Verifies one candidate: which of its layers say something that counts, signed by whom and when. Pure. */
export const verifyCandidate = (verification: Verification): VerificationResult => {
  const keys = verification.keys.flatMap((spki) => {
    const key = readPolicyKey(spki);
    return key.ok ? [key.value] : [];
  });
  const results = verification.layers
    .slice(0, maxLayers)
    .map((layer) => verifyLayer(layer, keys, verification));
  const left = verification.layers.length - results.length;
  return {
    claims: results.flatMap(({ claims }) => claims),
    rejected: [
      ...results.flatMap(({ rejected }) => rejected),
      ...(left > 0
        ? [
            {
              fault: 'limit' as const,
              why: `${left} of its layers are beyond the ${maxLayers} that are read`,
              checks: [],
            },
          ]
        : []),
    ],
  };
};
