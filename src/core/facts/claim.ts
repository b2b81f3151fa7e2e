import type { Digest } from '../image/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Result } from '../result.ts';
import type { PackageList } from '../vulnerability/package-list.ts';
import type { Unavailable } from './fact.ts';

/** Where a registry lists candidates: {@link CandidateSource} without the index. */
export type ListedSource = 'signature-tag' | 'attestation-tag' | 'referrers' | 'referrers-tag';

/**
 * Where a candidate stands: cosign's tags `sha256-<hex>.sig` and `.att`, the Referrers API, or its fallback tag
 * `sha256-<hex>` (OCI distribution-spec 1.1, "Referrers Tag Schema"). `index`: the named index lists it beside its images,
 * as BuildKit writes it.
 */
export type CandidateSource = ListedSource | 'index';

/**
 * How a candidate is written. `simple-signing`: a payload in a layer, signature and certificate in annotations (cosign
 * up to version 2). `dsse`: an envelope in a layer (cosign's `.att`). `bundle`: a Sigstore bundle v0.1 to v0.3. `statement`:
 * a bare in-toto statement in a layer (BuildKit, Docker Hardened Images, Defender), which counts as signed by whoever signed
 * the manifest that holds it, or the named index that lists that manifest.
 */
export type CandidateForm = 'simple-signing' | 'dsse' | 'bundle' | 'statement';

/** What was signed in the place of a bare statement: the manifest that holds it, or the named index. */
export interface Carrier {
  readonly kind: 'manifest' | 'index';
  readonly digest: Digest;
}

/** What is checked of a candidate. A report names only checks that were made. */
export type ClaimCheck = 'signature' | 'certificate' | 'certificate-log' | 'log' | 'timestamp';
export interface ClaimCheckResult {
  readonly check: ClaimCheck;
  readonly outcome: 'passed' | 'failed' | 'not-made';
  /** For people; present where it failed, or where it was not made for a cause that people can mend. */
  readonly why?: string;
}

export interface SubjectAltName {
  readonly kind: 'email' | 'uri' | 'dns' | 'other';
  readonly value: string;
}

/**
 * What Fulcio wrote into a certificate beside its names: OIDs 1.3.6.1.4.1.57264.1.9 to .24 in their order, as texts.
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export const fulcioFields = [
  'buildSignerUri',
  'buildSignerDigest',
  'runnerEnvironment',
  'sourceRepositoryUri',
  'sourceRepositoryDigest',
  'sourceRepositoryRef',
  'sourceRepositoryIdentifier',
  'sourceRepositoryOwnerUri',
  'sourceRepositoryOwnerIdentifier',
  'buildConfigUri',
  'buildConfigDigest',
  'buildTrigger',
  'runInvocationUri',
  'sourceRepositoryVisibility',
  'deploymentEnvironment',
  'tokenSubject',
] as const;
export type FulcioField = (typeof fulcioFields)[number];

/** Whose key made the signature. */
export interface KeySigner {
  readonly kind: 'key';
  /** Base64 of the DER SubjectPublicKeyInfo, as a PEM file holds it: compared with the keys of a policy. */
  readonly spki: string;
  /** sha256 of the same bytes, for people. */
  readonly fingerprint: Digest;
}

/**
 * Whose certificate stands for the key, verified up to an anchor of a trust root. A chain that ends in anchors of several
 * trust roots makes a claim for each.
 */
export interface CertificateSigner {
  readonly kind: 'certificate';
  /** Name of the trust root. */
  readonly trustRoot: string;
  /** Base64 of the DER SubjectPublicKeyInfo: the key alone may sign too. */
  readonly spki: string;
  /** sha256 of the DER certificate, and of the one of the trust root in which its chain ends. */
  readonly certificate: Digest;
  readonly anchor: Digest;
  /** sha256 of the DER certificates of its chain behind its own, up to the anchor: any of them may be revoked. */
  readonly issuers: readonly Digest[];
  /** sha256 of those of them that the candidate brought, as they can be written without changing what they say. */
  readonly respelled?: readonly Digest[];
  readonly names: readonly SubjectAltName[];
  /**
   * The CT logs of the trust root that signed for this certificate (SCT), each once: what distinguishes them is the log,
   * not the number of signatures (S6).
   */
  readonly certificateLogs: readonly string[];
  /** The OIDC issuer, where Fulcio names one. */
  readonly issuer?: string;
  readonly fields: { readonly [Field in FulcioField]?: string };
  /** The distinguished name of its subject in RFC 4514 form; empty where it has none. */
  readonly subject: string;
  /**
   * Another trust root by whose times alone its chain is believed, because its own says none: then it counts where the times of
   * that root are asked for, and nowhere else (S5).
   */
  readonly datedBy?: string;
  /** In which every certificate of the chain is valid, in milliseconds since 1970 (S5). */
  readonly validity: { readonly from: number; readonly until: number };
}
export type Signer = KeySigner | CertificateSigner;

/** A log that holds an entry of this very candidate: key, signature and digest are those of the entry. */
export interface LogProof {
  readonly trustRoot: string;
  /** Equal for entries of one log, and for no others. */
  readonly log: string;
  /** Milliseconds since 1970: nobody says when the entry was made, so it counts while the log is in use. Absent: for good. */
  readonly until?: number;
}

/** A time at which the signature existed, by a log or a timestamp authority of a trust root. */
export interface TrustedTime {
  readonly trustRoot: string;
  readonly from: 'log' | 'timestamp';
  /** Equal for times of one log or authority, and for no others. */
  readonly authority: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface ClaimBase {
  /** Digest of the manifest of the candidate. */
  readonly candidate: Digest;
  readonly form: CandidateForm;
  readonly sources: readonly CandidateSource[];
  /** The repository that it was found in, as `host/path`. */
  readonly location: string;
  /** The digest that the signed bytes name (S1). */
  readonly about: Digest;
  readonly signer: Signer;
  /** Equal for one signature, however it is written and whoever dated it. */
  readonly signature: Digest;
  readonly logs: readonly LogProof[];
  readonly times: readonly TrustedTime[];
  readonly checks: readonly ClaimCheckResult[];
}

/** Somebody signed these bytes. */
export interface SignatureClaim extends ClaimBase {
  readonly says: 'signed';
  /** `critical.identity.docker-reference` of the signed payload; absent where the form holds no name. */
  readonly name?: string;
  /** The signed annotations: texts of `optional`. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a condition of a policy found in the signed statement. */
export type ConditionResult =
  { readonly state: 'true' | 'false' } | { readonly state: 'error'; readonly why: string };

/** Somebody attested something about these bytes. */
export interface AttestationClaim extends ClaimBase {
  readonly says: 'attested';
  /** Of the signed statement. */
  readonly predicateType: string;
  /** Present where it is bare: whose signature stands for one of its own. */
  readonly carrier?: Carrier;
  /** What SLSA provenance says, as far as it says it: the word of the signer. */
  readonly provenance?: {
    readonly builder?: string;
    readonly sources: readonly string[];
    readonly refs: readonly string[];
  };
  /** Results of the CEL expressions that were asked, by their text. */
  readonly expressions: Readonly<Record<string, ConditionResult>>;
  /** Where package lists were asked for: the one that it holds, or why that cannot be read. */
  readonly packages?: Result<PackageList, string>;
}
export type Claim = SignatureClaim | AttestationClaim;

/**
 * Why a candidate, or one part of it, says nothing that counts. In the order of how far it came. `unsigned`: a bare statement
 * of which neither the manifest nor the index has a signature. `unreadable`: not what its
 * form asks for. `limit`: larger or more than the gate reads. `slow`: not verified in its time. `mismatch`: it is about
 * another digest or of another kind. `invalid`: a signature, certificate, log entry or timestamp in it is wrong.
 * `untrusted`: no key, certificate authority or log that was asked for stands behind it.
 */
export const candidateFaults = [
  'unsigned',
  'limit',
  'slow',
  'unreadable',
  'mismatch',
  'untrusted',
  'invalid',
] as const;
export type CandidateFault = (typeof candidateFaults)[number];

/** A candidate that yields no claim. Somebody with push rights can cause each of these, so none excuses anything (S3). */
export interface RejectedCandidate {
  readonly candidate: Digest;
  readonly form?: CandidateForm;
  readonly sources: readonly CandidateSource[];
  readonly location: string;
  readonly fault: CandidateFault;
  /** For people; safe to show. */
  readonly why: string;
  readonly checks: readonly ClaimCheckResult[];
  /** Content that it names did not come, or came otherwise: nobody knows what it says. */
  readonly isLost?: true;
}

/** Whether one source of candidates could be looked at: each is known, absent or unavailable by itself. */
export type SourceState = {
  readonly source: CandidateSource;
  readonly location: string;
} & (
  | {
      readonly state: 'known';
      /** Why what stands there cannot be read; somebody with push rights can cause it (S3). For people; safe to show. */
      readonly unread?: string;
    }
  | { readonly state: 'absent' }
  | { readonly state: 'unavailable'; readonly why: Unavailable }
);

/** What was found out about one digest. */
export interface SubjectClaims<C extends Claim> {
  readonly digest: Digest;
  /** Of the same bytes, where that is another one: a workload may name them by each algorithm. */
  readonly sha256?: Digest;
  readonly claims: readonly C[];
  readonly rejected: readonly RejectedCandidate[];
  readonly sources: readonly SourceState[];
  /** There are more candidates than are read: how many were left out. */
  readonly left: number;
}

/** The same about one image behind an index. */
export interface PlatformClaims<C extends Claim> extends SubjectClaims<C> {
  /** What the index names, because nodes choose by that; absent: it names none, and some runtimes run it everywhere. */
  readonly platform?: Platform;
}

/** What candidates say of an image. */
export interface ClaimFacts<C extends Claim> {
  /** What is named, be it an index. */
  readonly digest: Digest;
  /** The repository of the image, as `host/path`: what a name within a signature is compared with. */
  readonly repository: string;
  readonly isIndex: boolean;
  readonly named: SubjectClaims<C>;
  /** The images behind the index that were asked for; empty where `reference` is judged, and where there is no index. */
  readonly platforms: readonly PlatformClaims<C>[];
  /** Trust roots that were asked for and are not there, each with the cause. */
  readonly missingRoots: Readonly<Record<string, Unavailable>>;
  /** Names of the trust roots, and the snapshot of each that was used: for `versions` of a decision. */
  readonly trustSnapshots: Readonly<Record<string, Digest>>;
}
