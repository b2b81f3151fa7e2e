import type { Claim, RejectedCandidate } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import type { RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import type { ReadPlace } from '../read-content.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { TrustRootSnapshot } from '../trust/trust-root.ts';
import type { CandidateVerifier, Verification } from '../verify/verification.ts';
import type { Candidate } from './candidate.ts';
import { readCandidate, type CandidateBounds } from './read-candidate.ts';

/** The image that candidates have to speak for, and where and for what they are read. */
export interface CandidateJob<C extends Claim> extends Pick<Verification, 'keys' | 'expressions'> {
  readonly says: C['says'];
  readonly isClaim: (claim: Claim) => claim is C;
  readonly parts: ProviderParts;
  readonly verifier: CandidateVerifier;
  readonly bounds: CandidateBounds;
  readonly place: ReadPlace;
  readonly subject: { readonly digest: Digest; readonly manifest: Uint8Array };
  readonly trustRoots: readonly TrustRootSnapshot[];
  readonly reading: Reading;
}

/** What came of one candidate. */
export interface JudgedCandidate<C extends Claim> {
  readonly claims: readonly C[];
  readonly rejected: readonly RejectedCandidate[];
  /** A part of it that could not be read. */
  readonly unavailable?: RegistryFailure;
  readonly left: number;
  /** It is a thing of another kind. */
  readonly isForeign: boolean;
}

/** Reads one candidate and has it verified, by itself: a bad one says nothing about the others. */
export const judgeCandidate = async <C extends Claim>(
  job: CandidateJob<C>,
  candidate: Candidate,
): Promise<JudgedCandidate<C>> => {
  const { parts, place, subject, says, keys, trustRoots, expressions, reading } = job;
  const location = repositoryKey(place.repository);
  const placed = { candidate: candidate.digest, sources: candidate.sources, location };
  const read = await readCandidate({ ...job, subject: subject.digest }, candidate);
  if (read.state === 'foreign') return { claims: [], rejected: [], left: 0, isForeign: true };
  const failures = read.state === 'read' ? read.failures : [read];
  const rejected = failures.flatMap((failure): readonly RejectedCandidate[] =>
    failure.state === 'bad' ? [{ ...placed, fault: failure.fault, why: failure.why, checks: [] }] : [],
  );
  const lost = failures.find((failure) => failure.state === 'unavailable');
  const unavailable = lost === undefined ? {} : { unavailable: lost.why };
  if (read.state !== 'read' || read.layers.length === 0)
    return { claims: [], rejected, left: 0, isForeign: false, ...unavailable };
  const { layers, left } = read;
  const now = parts.clock.now();
  const verification = {
    candidate: candidate.digest,
    says,
    subject,
    layers,
    keys,
    trustRoots,
    expressions,
    now,
  };
  const result = await job.verifier.verify(verification, location, reading.signal);
  // A verified word of the other kind would be a defect of the verifier; it must not count (S4).
  const claims = result.claims
    .map((claim): Claim => ({ ...claim, ...placed }))
    .filter(job.isClaim)
    .filter(({ about }) => about === subject.digest);
  return {
    claims,
    rejected: [...rejected, ...result.rejected.map((rejection) => ({ ...rejection, ...placed }))],
    left,
    isForeign: false,
    ...unavailable,
  };
};
