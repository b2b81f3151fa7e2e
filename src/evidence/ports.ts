import type { Owners } from '../concurrency/shares.ts';
import type { CandidateSource } from '../core/facts/claim.ts';
import type { Fact } from '../core/facts/fact.ts';
import type { Digest } from '../core/image/digest.ts';
import type { PinnedImage } from '../core/image/pinned-image.ts';
import type { ImageLayer } from '../core/layer/image-layers.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Result } from '../core/result.ts';
import type { Unreadable } from '../core/text/unreadable.ts';
import type { AdvisoryLookup, FeedTime } from '../core/vulnerability/advisory.ts';
import type { PackageList } from '../core/vulnerability/package-list.ts';

/**
 * The place of an image: the host as a reference names it (`docker.io`, `registry.example.com:5000`), and the path.
 */
export interface Repository {
  readonly host: string;
  readonly repository: string;
}

export type CredentialKind = 'pull-secret' | 'service-account' | 'configured' | 'cloud' | 'anonymous';

/** The secret that a registry or its token server is shown. */
export type CredentialSecret =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token (`identitytoken` of a docker config), exchanged at the token server by POST. */
  | { readonly kind: 'identity-token'; readonly username?: string; readonly token: string }
  /** Sent as `Authorization: Bearer` as it is (`registrytoken`). */
  | { readonly kind: 'bearer'; readonly token: string };

/** Bound to one host: it is never shown to another (B28). */
export interface Credential {
  readonly kind: CredentialKind;
  /** For people: `pull secret shop/regcred`, `cloud identity (ECR)`, `anonymous`. Never the secret. */
  readonly source: string;
  /** Distinguishes credentials in caches: a keyed hash of host and secret, equal for equal secrets. */
  readonly key: string;
  readonly secret: CredentialSecret;
}

/** One credential to try, or why one could not be had. */
export type CredentialOffer =
  | { readonly state: 'at-hand'; readonly credential: Credential }
  | {
      readonly state: 'missing';
      readonly kind: CredentialKind;
      readonly source: string;
      readonly why: string;
      /** Worth telling only when no other credential reaches the image: else it would stand in every record. */
      readonly aside?: true;
    };

/** The pull that is imitated: the namespace of the Pod, the secrets that it names, and its service account. */
export interface PullContext {
  readonly namespace: string;
  /** `spec.imagePullSecrets[].name` */
  readonly pullSecrets: readonly string[];
  /** Absent: `default`. */
  readonly serviceAccount?: string;
}

/**
 * The credentials for a repository in the order in which they are tried: pull secrets of the pod, those of its service
 * account, configured ones, cloud identity, none. Lazy: a later one costs nothing while an earlier one works.
 * Without a context (CLI, push notifications) the first two are left out.
 */
export interface Keychain {
  offers(
    repository: Repository,
    context: PullContext | undefined,
    signal: AbortSignal,
  ): AsyncIterable<CredentialOffer>;
}

/** Secrets and service accounts of the pod's own namespace, and of no other (B29). */
export interface PullSecrets {
  /** The text of `.dockerconfigjson`, or of `.dockercfg` (legacy); `absent`: no such secret, or another type. */
  secret(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Fact<{ readonly type: 'dockerconfigjson' | 'dockercfg'; readonly text: string }>>;
  /** Names of the `imagePullSecrets` of a service account. */
  serviceAccount(namespace: string, name: string, signal: AbortSignal): Promise<Fact<readonly string[]>>;
}

/** Short-lived credentials that a cloud hands out to this process. */
export interface CloudIdentity {
  /** `GAR`, `ACR`, `ECR` */
  readonly name: string;
  covers(host: string): boolean;
  /** `expires`: milliseconds since 1970. */
  credential(
    host: string,
    signal: AbortSignal,
  ): Promise<Fact<{ readonly secret: CredentialSecret; readonly expires: number }>>;
}

/** The namespaces for which a registry is asked, with a callback for progress. */
export interface Requester {
  /** The owners that shared limits count the request for (R26). */
  readonly owners: Owners;
  /** A request is sent to this host now: the registry, its token server, where it redirects to. */
  asked(host: string): void;
  /** The host has begun to answer, whatever it says. */
  answered(host: string): void;
}

/** Time and bytes that one review may still spend on registries, for all of its images together. */
export interface ReadBudget {
  readonly signal: AbortSignal;
  /** Absent when the request is for no namespace. */
  readonly requester?: Requester;
  /** The content is named by a manifest that was read. Its pusher chose it, and may have chosen slow content. */
  readonly below?: true;
  /** Takes bytes from the budget before they are kept. @returns false when the review has read its share */
  take(bytes: number): boolean;
}

/** At which step a registry failed us. */
export type RegistryStage =
  'configuration' | 'address' | 'connect' | 'token' | 'manifest' | 'blob' | 'referrers' | 'queue';

/**
 * Why something could not be read. `denied`: 401 or 403, another credential may work. `unreachable`: no answer, 5xx
 * or an open circuit breaker. `timeout`: no answer in time. `paced`: the registry asks for fewer requests (429).
 * `busy`: a queue, the places or the memory of the gate are full. For these four an older result may stand in.
 * `refused`: the gate does not connect there. `invalid`: an answer that is wrong or cannot be read. `limit`: it is
 * larger than the gate reads.
 */
export interface RegistryFailure {
  readonly kind: 'denied' | 'unreachable' | 'timeout' | 'paced' | 'busy' | 'refused' | 'invalid' | 'limit';
  readonly stage: RegistryStage;
  /** The host that failed: a mirror, a token server or a redirect target may stand here. */
  readonly host: string;
  /** For people; holds no secret and no control character. */
  readonly why: string;
  /** The bytes came and cannot be used. Their pusher could choose this. */
  readonly unreadable?: true;
  /**
   * R25: the host does not connect, does not answer at all, or answers 5xx. Only the code that reports the failure
   * sets it, and never for a cause that somebody who creates Pods or pushes images can bring about.
   */
  readonly excusable?: true;
  /** What to do about it, where that is known better than from its kind. */
  readonly remedy?: string;
}
export type RegistryAnswer<T> = Fact<T, RegistryFailure>;

/** Bytes whose sha256 (or the algorithm that was asked for) is `digest`: computed by us, never taken from a header. */
export interface Content {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
/** A manifest or an index. The media type is what the bytes say; a header that disagrees is refused (CVE-2021-41190). */
export interface Manifest extends Content {
  readonly mediaType: string;
}

/** Where a registry lists what refers to an image (OCI distribution-spec 1.1). */
export type ReferrersSource = Extract<CandidateSource, 'referrers' | 'referrers-tag'>;
export interface ReferrersList {
  readonly descriptors: readonly Descriptor[];
  /** There are more than are read. */
  readonly isCut?: true;
  /** Of the index under the fallback tag. */
  readonly index?: Digest;
}
/** What is known of a list before it is read. */
export interface ExpectedReferrers {
  /** The fallback tag is read at once, without a HEAD before, unless the host counts what is read. */
  readonly isLikely?: boolean;
  /** The index that was under the fallback tag. Where HEAD still names it, it is not read again. */
  readonly before?: Digest;
}

/**
 * Takes the bytes of a blob, one chunk after another; the next one comes when the promise is kept. A chunk may be used again
 * after that. `false`: no more are wanted.
 * @param at - where it begins in the blob. 0 once more: what came before was not the blob, which comes anew
 */
export type TakeChunk = (chunk: Uint8Array, at?: number) => Promise<boolean>;

/** A tag, or a digest (`sha256:…`), as it stands in `/manifests/<reference>`. */
export type ManifestName = { readonly tag: string } | { readonly digest: Digest };

/** Reads registries (OCI distribution-spec 1.1). Never rejects; every answer is one of the three states. */
export interface Registry {
  /**
   * HEAD: whether this credential may read the manifest, and which digest the registry names for it. The digest is a
   * hint (`undefined` when the header is missing): it says which content to look for, never what the bytes are.
   */
  head(
    repository: Repository,
    name: ManifestName,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<Digest | undefined>>;
  manifest(
    repository: Repository,
    name: ManifestName,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<Manifest>>;
  /** Exactly `size` bytes with this digest, at most `limit`. */
  blob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    limit: number,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<Content>>;
  /**
   * HEAD of a blob: whether this credential may read it in this repository. `absent`: the repository has no such blob. A hostile
   * host can say so of any digest: it proves nothing about what other hosts delivered.
   */
  hasBlob(
    repository: Repository,
    digest: Digest,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<true>>;
  /**
   * Hands on a blob of any size as it comes, and keeps none of it. `whole`: everything that was handed on has this digest and
   * this size, and only then anything of it may be believed. `stopped`: no more of it was wanted. It begins anew when a mirror has sent other bytes. Its bytes are not taken from
   * the budget. The host may be silent as long as its row says; the signal bounds the time as a whole.
   */
  streamBlob(
    repository: Repository,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    take: TakeChunk,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<'whole' | 'stopped'>>;
  /**
   * Everything that says it refers to the image, by the Referrers API or under its fallback tag `sha256-<hex>`. Both are
   * always worth asking: a registry that got the API late still has the tags that older clients wrote. `absent`: the
   * registry has no such API, or no such tag. The descriptors' `artifactType` orders, it never filters: decide by each
   * candidate's own manifest. `unchanged`: the tag leads to the index of before.
   */
  referrers(
    image: PinnedImage,
    from: ReferrersSource,
    credential: Credential,
    budget: ReadBudget,
    expected?: ExpectedReferrers,
  ): Promise<RegistryAnswer<ReferrersList | 'unchanged'>>;
  /** `GET /v2/` with this credential: what `registry login-test` asks. `absent`: what answers there is no registry. */
  ping(
    host: string,
    credential: Credential,
    budget: ReadBudget,
  ): Promise<RegistryAnswer<{ readonly realm?: string }>>;
}

/**
 * Content by digest and by the repository that delivered it: immutable, bounded in bytes, on disk too. Content that
 * is read back is hashed again, so a tampered file is a miss. `gather` shares it among callers with a proof of
 * access. The repository is part of the key because a user who may push to one repository can write a manifest that
 * names the config of a private image of somebody else, and a hostile registry can claim any digest in a HEAD. So bytes
 * are shown only to readers of a repository that has delivered these bytes itself.
 */
export interface ContentStore {
  get(image: PinnedImage): Promise<Uint8Array | undefined>;
  /** Never fails: a full disk only costs the next reader a request. */
  put(image: PinnedImage, bytes: Uint8Array): void;
}

/** Advisories that were in force and cannot be read any more: nobody knows what is wrong with any package (V16). */
export class AdvisoriesUnreadable extends Error {
  override readonly name = 'AdvisoriesUnreadable';
}

/** Published advisories, as they are at one moment. `lookup` and what it finds may throw {@link AdvisoriesUnreadable}. */
export interface AdvisorySet {
  /** Equal for equal advisories, and for no others. */
  readonly generation: string;
  /** Changes with the generation, and when a feed is found unchanged at a later time. */
  readonly revision: string;
  readonly feeds: readonly FeedTime[];
  readonly lookup: AdvisoryLookup;
  /** Whether any advisory is about this ecosystem, with its release, as feeds write it. */
  readonly speaksOf: (ecosystem: string) => boolean;
  /** The last day of fixes by ecosystem, where the operator knows another one than everybody. Absent: nowhere. */
  readonly endOfLife?: ReadonlyMap<string, string>;
  /** The CVEs that are known to be exploited. Absent: no feed lists such. */
  readonly exploited?: { readonly has: (cve: string) => boolean; readonly feed: FeedTime };
}

/** The advisories in force. */
export interface Advisories {
  /** Reads them when nobody has done so yet. `absent`: there are none. */
  inForce(): Promise<Fact<AdvisorySet>>;
  /** Whether this is still the revision in force, without any I/O. */
  isInForce(revision: string): boolean;
}

/** What was found in images, durable. A list is that of a platform's digest, as one version of the cataloger made it. */
export interface PackageLists {
  /**
   * `absent`: no such list was kept, or it was forgotten. Never rejects.
   * @param host - only if this host has delivered the image (V6)
   */
  find(image: Digest, cataloger: string, host?: string): Promise<Fact<PackageList>>;
  /**
   * Never waits and never fails: what cannot be kept is counted, and costs the next reader the layers.
   * @param host - the one that has delivered the image
   */
  keep(image: Digest, cataloger: string, list: PackageList, host: string): void;
}

/** The layers of an image for one platform, where they stand, and who reads them there. */
export interface LayeredImage {
  readonly repository: Repository;
  readonly credential: Credential;
  /** The lowest first. */
  readonly layers: readonly ImageLayer[];
}

/** How far one image is looked into. */
export interface ScanLimits {
  readonly timeMs: number;
  /** Bytes that all layers together may unpack to. */
  readonly unpacked: number;
}

/** Why there is no list: the image cannot be read, its layers could not be had, or its time was over. */
export type NoPackageList =
  /** `mayPass`: nothing was said of the image; whoever read it has failed. */
  | { readonly kind: 'unreadable'; readonly error: Unreadable; readonly mayPass?: true }
  | { readonly kind: 'source'; readonly failure: RegistryFailure }
  | { readonly kind: 'late' };

/** Finds the packages of an image in its layers, as {@link catalogerVersion} of core does. */
export interface Cataloger {
  /**
   * Never rejects. What is known of a layer counts only after its repository has shown this credential that it holds it (V6).
   * @param budget - its `take` is told of each chunk of a layer before it is unpacked, which is how far the catalog has come
   */
  catalog(
    image: LayeredImage,
    limits: ScanLimits,
    budget: ReadBudget,
  ): Promise<Result<PackageList, NoPackageList>>;
}
