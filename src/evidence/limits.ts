import type { OciLimits } from '../core/oci/limits.ts';

/** How far evidence reaches. Times in milliseconds, sizes in bytes. */
export interface EvidenceLimits extends OciLimits {
  /** What one review reads in all, from registries and from the content store. */
  readonly reviewBytes: number;
  readonly manifestBytes: number;
  readonly configBytes: number;
  /** 1: the named index holds images; 2: it may hold indexes that hold images. */
  readonly indexDepth: number;
  /** Credentials tried for one image. */
  readonly credentials: number;
  /** How many images of one review are read concurrently at one host, and how many children of one index. */
  readonly imagesAtOnce: number;
  readonly childrenAtOnce: number;
  /** Reads under way in the process, of hosts with a row and of all others, and how long one may take. */
  readonly sharedReads: number;
  readonly sharedReadTimeout: number;
  /** A host that has said nothing for so long does not answer. */
  readonly silence: number;
  /** How long the digest of a tag is cached. */
  readonly tagTime: number;
  /** How long "not there" and "denied" are cached. */
  readonly negativeTime: number;
  /**
   * How long "not there" is cached for an anonymous request at a host with a row: its users may push the image at any
   * moment.
   */
  readonly anonymousAbsence: number;
  /** How long a credential that has read a manifest may use it without asking again. */
  readonly accessTime: number;
  /** How long cached results may stand in while the registry cannot be reached. */
  readonly outageTime: number;
  /** How long a whole answer is cached for its pull context, how many answers are, and how large they may be. */
  readonly answerTime: number;
  readonly answers: number;
  readonly answerBytes: number;
  /** Entries of the caches of tags, of access grants, and of denials. */
  readonly grants: number;
  /** Images of which the facts are kept, and their size in memory. */
  readonly factEntries: number;
  readonly factBytes: number;
  /**
   * How old lists of candidates may be, and how old where what is asked for was not found. Facts that rest on a list are
   * kept as long, at least for {@link answerTime}, and answers repeat them for that time again, so that none rests on a list
   * that is older than a minute.
   */
  readonly listTime: number;
  readonly absenceTime: number;
  /** How long a candidate that says nothing is taken for what it was. */
  readonly rejectionTime: number;
  /** Lists of candidates that are kept, and their size in memory; what came of candidates, and its size. */
  readonly candidateLists: number;
  readonly candidateListBytes: number;
  readonly claimEntries: number;
  readonly claimBytes: number;
  /** Size of the facts about claims that contexts with one account share, for each kind. */
  readonly claimFactBytes: number;
  /** Package lists that are kept, and their size in memory; what came of them takes as much. */
  readonly packageLists: number;
  readonly packageListBytes: number;
  /** Manifests of attestations that the named index may list. */
  readonly indexCandidates: number;
  /** Candidates of one image that are verified for one check, and manifests that are read to find them. */
  readonly candidates: number;
  readonly candidateManifests: number;
  /** What is read of all candidates of one image for one check. */
  readonly candidateBytes: number;
  /** Layers of one candidate: each is a signature. */
  readonly candidateLayers: number;
  /** How long one candidate, or one list of them, may keep the others waiting; its turn among the threads does not count. */
  readonly candidateTime: number;
  /** How long candidates of an index that can cover its images are looked at alone, so that these cost nothing. */
  readonly indexTime: number;
  /** Largest payload of a simple signature, bundle of a signature, and attestation in any form. */
  readonly payloadBytes: number;
  readonly bundleBytes: number;
  readonly attestationBytes: number;
}

export const defaultEvidenceLimits: EvidenceLimits = {
  reviewBytes: 64 * 1024 * 1024,
  manifestBytes: 4 * 1024 * 1024,
  configBytes: 1024 * 1024,
  layers: 2000,
  indexChildren: 64,
  indexDepth: 2,
  labels: 1000,
  labelBytes: 256 * 1024,
  credentials: 8,
  imagesAtOnce: 8,
  childrenAtOnce: 4,
  sharedReads: 4096,
  sharedReadTimeout: 15_000,
  silence: 2000,
  tagTime: 5000,
  negativeTime: 10_000,
  anonymousAbsence: 2000,
  accessTime: 60_000,
  outageTime: 24 * 60 * 60 * 1000,
  answerTime: 5000,
  answers: 10_000,
  answerBytes: 16 * 1024 * 1024,
  grants: 20_000,
  factEntries: 10_000,
  factBytes: 32 * 1024 * 1024,
  listTime: 50_000,
  absenceTime: 10_000,
  rejectionTime: 60_000,
  candidateLists: 60_000,
  candidateListBytes: 32 * 1024 * 1024,
  claimEntries: 40_000,
  claimBytes: 64 * 1024 * 1024,
  claimFactBytes: 16 * 1024 * 1024,
  packageLists: 2000,
  packageListBytes: 32 * 1024 * 1024,
  indexCandidates: 1024,
  candidates: 64,
  candidateManifests: 512,
  candidateBytes: 24 * 1024 * 1024,
  candidateLayers: 64,
  candidateTime: 500,
  indexTime: 2000,
  payloadBytes: 64 * 1024,
  bundleBytes: 4 * 1024 * 1024,
  attestationBytes: 16 * 1024 * 1024,
};
