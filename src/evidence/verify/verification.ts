import type { AttestationClaim, RejectedCandidate, SignatureClaim } from '../../core/facts/claim.ts';
import type { LayerForm } from '../../core/facts/candidate-form.ts';
import type { AttestationNeed } from '../../core/facts/claim-need.ts';
import type { Turn } from '../../concurrency/patience.ts';
import type { Owners } from '../../concurrency/shares.ts';
import type { Digest } from '../../core/image/digest.ts';
import type { Result } from '../../core/result.ts';
import type { PackageList } from '../../core/vulnerability/package-list.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';

/** One layer of a candidate: the bytes that a signature, an envelope or a bundle is made of. */
export interface CandidateLayer {
  readonly form: LayerForm;
  readonly mediaType: string;
  /** Of the layer's descriptor. Simple signing keeps signature, certificate, chain, log entry and timestamp here. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Their digest and size were compared with the descriptor. */
  readonly bytes: Uint8Array;
}

/** What is verified at once: one candidate, all its layers. Plain data, so that it can be handed to a worker thread. */
export interface Verification {
  /** Digest of its manifest: by it the candidate is left alone that was too slow to verify. */
  readonly candidate: Digest;
  /** `signed`: signatures are looked for; `attested`: attestations. One is never taken for the other (S4). */
  readonly says: 'signed' | 'attested';
  /**
   * What the signed bytes have to name, and the bytes of that manifest: a message signature signs them. Where they are not
   * there, the digest stands for them.
   */
  readonly subject: { readonly digest: Digest; readonly manifest?: Uint8Array };
  readonly layers: readonly CandidateLayer[];
  /** Base64 of DER SubjectPublicKeyInfo. */
  readonly keys: readonly string[];
  readonly trustRoots: readonly TrustRootSnapshot[];
  readonly expressions: AttestationNeed['expressions'];
  /** `signed`: claims hold their package lists; `anyone`: lists are looked for instead of claims, whoever wrote them. */
  readonly packages?: 'signed' | 'anyone';
  /** Milliseconds since 1970: nothing is believed that is dated more than 5 minutes later (S5). */
  readonly now: number;
}

/** What {@link Verification} does not know, because it belongs to the place where the candidate was found. */
type Placed = 'candidate' | 'sources' | 'location';
export type VerifiedClaim = Omit<SignatureClaim, Placed> | Omit<AttestationClaim, Placed>;
/** What a bare statement says of the subject. Nobody has signed it: whoever reads this knows who signed what holds it. */
export type BareStatement = Pick<
  AttestationClaim,
  'says' | 'predicateType' | 'provenance' | 'expressions' | 'packages'
>;
export type VerifiedRejection = Omit<RejectedCandidate, Placed>;

export interface VerificationResult {
  readonly claims: readonly VerifiedClaim[];
  /** Layers, or signatures in them, that say nothing that counts. */
  readonly rejected: readonly VerifiedRejection[];
  /** Absent: there is none in these layers. */
  readonly statements?: readonly BareStatement[];
  /** Where they were looked for: package lists, and why others cannot be read. */
  readonly packageLists?: readonly Result<PackageList, string>[];
}

/** Verifies candidates, each within its limits of time and memory. */
export interface CandidateVerifier {
  /**
   * Never rejects: what takes too long or breaks the worker is a rejected candidate (`slow`), which is what somebody
   * with push rights can cause (S3).
   * @param owners the namespaces that wait for it (R26). Attack: a Pod of 64 repositories of one tenant, each with a
   *   signature that takes seconds, before the one signature of another tenant
   * @param turn its turn is a thread
   */
  verify(
    verification: Verification,
    owners: Owners,
    signal: AbortSignal,
    turn?: Turn,
  ): Promise<VerificationResult>;
}
