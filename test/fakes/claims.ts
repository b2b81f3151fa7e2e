import { createHash, generateKeyPairSync } from 'node:crypto';
import type {
  CandidateFault,
  CertificateSigner,
  Claim,
  ClaimFacts,
  KeySigner,
  PlatformClaims,
  RejectedCandidate,
  SignatureClaim,
  SourceState,
  SubjectClaims,
} from '../../src/core/facts/claim.ts';
import type { Unavailable } from '../../src/core/facts/fact.ts';
import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import type { Digest } from '../../src/core/image/digest.ts';
import { digestOf, imageDigest } from './image-facts.ts';

const sha256 = (bytes: Uint8Array | string): Digest =>
  digestOf(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

/** A key as a policy holds it, and as a claim names it. */
export interface SigningKey {
  readonly pem: string;
  readonly signer: KeySigner;
}
export const signingKey = (): SigningKey => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signer: { kind: 'key', spki: der.toString('base64'), fingerprint: sha256(der) },
  };
};

export const repository = 'registry.example.com/web';

/** A valid signature of the image by this signer: nothing else was asked for. */
export const signedBy = (
  signer: KeySigner | CertificateSigner,
  more: Partial<SignatureClaim> = {},
): SignatureClaim => ({
  says: 'signed',
  candidate: sha256(JSON.stringify([signer, more])),
  form: 'simple-signing',
  sources: ['signature-tag'],
  location: repository,
  about: imageDigest,
  signer,
  logs: [],
  times: [],
  checks: [
    { check: 'signature', outcome: 'passed' },
    { check: 'log', outcome: 'not-made' },
  ],
  annotations: {},
  ...more,
});

export const rejectedFor = (
  fault: CandidateFault,
  more: Partial<RejectedCandidate> = {},
): RejectedCandidate => ({
  candidate: sha256(JSON.stringify([fault, more])),
  form: 'bundle',
  sources: ['referrers'],
  location: repository,
  fault,
  why: 'a test says so',
  checks: [],
  ...more,
});

export const source = (state: SourceState['state'], why?: Unavailable): SourceState => {
  const at = { source: 'referrers', location: repository } as const;
  return state === 'unavailable'
    ? { ...at, state, why: why ?? { what: 'registry.example.com', why: 'no answer', excusable: true } }
    : { ...at, state };
};

/** What was found about one digest: nothing, unless the test says more. */
export const claimsAbout = <C extends Claim = SignatureClaim>(
  more: Partial<SubjectClaims<C>> = {},
): SubjectClaims<C> => ({
  digest: imageDigest,
  claims: [],
  rejected: [],
  sources: [source('absent')],
  left: 0,
  ...more,
});

/** The same about an image behind the index; its claims are about its own digest. */
export const platformClaims = (
  platform: string,
  claims: readonly SignatureClaim[] = [],
  more: Partial<PlatformClaims<SignatureClaim>> = {},
): PlatformClaims<SignatureClaim> => {
  const [os = '', architecture = ''] = platform.split('/');
  const digest = sha256(platform);
  return {
    ...claimsAbout({ claims: claims.map((claim) => ({ ...claim, about: digest })) }),
    digest,
    platform: { os, architecture },
    ...more,
  };
};

export const claimFacts = <C extends Claim = SignatureClaim>(
  named: Partial<SubjectClaims<C>> = {},
  more: Partial<ClaimFacts<C>> = {},
): ClaimFacts<C> => ({
  digest: imageDigest,
  repository,
  isIndex: (more.platforms ?? []).length > 0,
  named: claimsAbout(named),
  platforms: [],
  missingRoots: {},
  trustSnapshots: {},
  ...more,
});

export const signatureEvidence = (facts: ClaimFacts<SignatureClaim>): ImageEvidence => ({
  pinned: { state: 'known', value: imageDigest },
  facts: { signature: { state: 'known', value: facts } },
  tried: ['anonymous: used'],
});
