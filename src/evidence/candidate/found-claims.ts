import type { Claim, RejectedCandidate, SourceState } from '../../core/facts/claim.ts';

/** What was found for one image in one repository. */
export interface FoundClaims {
  readonly claims: readonly Claim[];
  readonly rejected: readonly RejectedCandidate[];
  readonly sources: readonly SourceState[];
  readonly left: number;
  /** When the oldest list was read that this rests on, by the monotonic clock; `Infinity`: it rests on none. */
  readonly listedAt: number;
}

/** What is looked at for one image and check in all, signatures of what holds bare statements included. */
export interface CandidateAccount {
  /** Candidates that were begun. */
  begun: number;
  /** Those that count for the limit: a thing of another kind does only if it was named as a candidate. */
  counted: number;
  /** Bytes of candidates that were read or are being read. */
  bytes: number;
  /** {@link FoundClaims.listedAt} */
  listedAt: number;
}
