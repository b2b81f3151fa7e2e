/** Evidence about candidates over real HTTP, verified for real, in this thread. */
import type { SignatureClaim, AttestationClaim, Claim, ClaimFacts } from '../../../src/core/facts/claim.ts';
import type { AttestationNeed, ClaimDemand, SignatureNeed } from '../../../src/core/facts/claim-need.ts';
import type { ImageNeeds } from '../../../src/core/facts/evidence-kind.ts';
import { absent, type Fact } from '../../../src/core/facts/fact.ts';
import { attestationNeed, signatureNeed } from '../../../src/core/facts/signature-kind.ts';
import { createAttestationProvider } from '../../../src/evidence/attestation/attestation-provider.ts';
import type { ClaimObserver } from '../../../src/evidence/candidate/claim-observer.ts';
import { createEvidence, type Evidence } from '../../../src/evidence/gather.ts';
import type { EvidenceLimits } from '../../../src/evidence/limits.ts';
import type { Keychain } from '../../../src/evidence/ports.ts';
import { createSignatureProvider } from '../../../src/evidence/signature/signature-provider.ts';
import type { TrustRoots } from '../../../src/evidence/trust/trust-root.ts';
import { verifyCandidate } from '../../../src/evidence/verify/verify-candidate.ts';
import type { CandidateVerifier, Verification } from '../../../src/evidence/verify/verification.ts';
import { openReading } from '../registry/registry-reading.ts';
import { reference } from './evidence-harness.ts';
import { createFakeContentStore, createFakeKeychain } from './evidence-sources.ts';

/** Met by so many claims of this key. */
export const signedBy = <C extends Claim>(spki: string, times = 1): ClaimDemand<C> => {
  const isMet = (claims: readonly C[]): boolean =>
    claims.filter(({ signer }) => signer.kind === 'key' && signer.spki === spki).length >= times;
  return { key: `${spki} ${times}`, isMet, isFound: isMet };
};

/** Never met: everything is read. */
export const everything = { key: 'everything', isMet: () => false, isFound: () => false };

export const signatureBy = (spki: string, more: Partial<SignatureNeed> = {}): ImageNeeds => ({
  signature: signatureNeed({
    keys: [spki],
    trustRoots: [],
    locations: ['image'],
    platforms: 'reference',
    named: true,
    demands: [signedBy<SignatureClaim>(spki)],
    ...more,
  }),
});
export const attestationBy = (
  spki: string,
  predicateType: string,
  more: Partial<AttestationNeed> = {},
): ImageNeeds => ({
  attestation: attestationNeed({
    keys: [spki],
    trustRoots: [],
    locations: ['image'],
    platforms: 'reference',
    named: true,
    demands: [signedBy<AttestationClaim>(spki)],
    predicateTypes: [predicateType],
    expressions: [],
    ...more,
  }),
});

export interface ClaimEvidence {
  readonly evidence: Evidence;
  /** What was verified, in order. */
  readonly verified: readonly Verification[];
  /** What was counted: `bundle claim`, `took read`. */
  readonly counted: readonly string[];
  advance(milliseconds: number): void;
  ask(text: string, needs: ImageNeeds, options?: AskOptions): Promise<ClaimAnswer>;
  close(): Promise<void>;
}
interface AskOptions {
  readonly namespace?: string;
  readonly milliseconds?: number;
}
export interface ClaimAnswer {
  readonly signature: Fact<ClaimFacts<SignatureClaim>>;
  readonly attestation: Fact<ClaimFacts<AttestationClaim>>;
  /** What the record says. */
  readonly said: readonly string[];
}

interface ClaimEvidenceOptions {
  readonly limits?: Partial<EvidenceLimits>;
  readonly keychain?: Keychain;
  readonly trustRoots?: TrustRoots;
  readonly verifier?: CandidateVerifier;
  /** When it is opened, in place of now. */
  readonly now?: number;
}

export const openClaimEvidence = (options: ClaimEvidenceOptions = {}): ClaimEvidence => {
  const { limits = {}, keychain = createFakeKeychain(), trustRoots = { get: () => absent } } = options;
  const reading = openReading();
  const verified: Verification[] = [];
  const counted: string[] = [];
  const observer: ClaimObserver = {
    candidate: (form, outcome) => void counted.push(`${form} ${outcome}`),
    took: (stage) => void counted.push(`took ${stage}`),
  };
  const real: CandidateVerifier = options.verifier ?? {
    verify: (verification: Verification) => Promise.resolve(verifyCandidate(verification)),
  };
  const verifier: CandidateVerifier = {
    verify: (verification, ...rest) => {
      verified.push(verification);
      return real.verify(verification, ...rest);
    },
  };
  let passed = 0;
  const evidence = createEvidence({
    registry: reading.registry,
    keychain,
    content: createFakeContentStore(),
    clock: { now: () => (options.now ?? Date.now()) + passed, monotonic: () => performance.now() + passed },
    limits,
    providers: [
      createSignatureProvider({ verifier, trustRoots, observer }),
      createAttestationProvider({ verifier, trustRoots, observer }),
    ],
  });
  return {
    evidence,
    verified,
    counted,
    advance: (milliseconds) => {
      passed += milliseconds;
      reading.advance(milliseconds);
    },
    ask: async (text, needs, { namespace = 'shop', milliseconds = 5000 } = {}) => {
      const context = { namespace, pullSecrets: [] };
      const requests = [{ image: reference(text), needs }];
      const [found] =
        evidence.cached?.(requests, context) ??
        (await evidence.gather(requests, context, AbortSignal.timeout(milliseconds)));
      if (found === undefined) throw new Error('gather gave no answer');
      const { signature = absent, attestation = absent } = found.facts;
      return { signature, attestation, said: found.claims ?? [] };
    },
    close: () => reading.close(),
  };
};
