import type { AttestationClaim, Claim, RejectedCandidate } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import type { Turn } from '../../concurrency/patience.ts';
import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import type { ReadPlace } from '../read-content.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type {
  CandidateVerifier,
  Verification,
  VerificationResult,
  VerifiedRejection,
} from '../verify/verification.ts';
import type { ClaimObserver } from './claim-observer.ts';
import { standingOf, type Candidate } from './candidate.ts';
import { readCandidate, type CandidateBounds, type Failure, type WantedLayer } from './read-candidate.ts';

/** By what candidates are verified: equal keys, equal results. */
export interface ClaimBasis extends Pick<
  Verification,
  'says' | 'keys' | 'trustRoots' | 'expressions' | 'packages'
> {
  /** Equal for equal keys, snapshots of trust roots and expressions, and for no others. */
  readonly key: string;
}

/** The image that candidates have to speak for, and where they are read. */
export interface CandidateJob {
  readonly basis: ClaimBasis;
  readonly place: ReadPlace;
  readonly subject: { readonly digest: Digest; readonly manifest: Uint8Array };
  readonly reading: Reading;
  /** See {@link readCandidate}. */
  readonly spend: (bytes: number) => boolean;
  readonly turn?: Turn;
}

/** What came of one candidate. */
export interface JudgedCandidate {
  readonly claims: readonly Claim[];
  readonly rejected: readonly RejectedCandidate[];
  /** Why a part of it could not be read. */
  readonly unavailable?: RegistryFailure;
  /** Layers beyond those that are read. */
  readonly left: number;
  /** It is a thing of another kind. */
  readonly isForeign: boolean;
  /** Bare statements in it, which nobody has read: who signed what holds them is found out elsewhere. */
  readonly statements: readonly WantedLayer[];
}
interface Outcome
  extends
    Pick<VerificationResult, 'claims' | 'rejected'>,
    Pick<JudgedCandidate, 'unavailable' | 'left' | 'isForeign' | 'statements'> {
  /** It would be another one without the candidates before it. */
  readonly isPassing?: true;
}

export interface JudgeParts {
  readonly parts: ProviderParts;
  readonly verifier: CandidateVerifier;
  readonly bounds: CandidateBounds;
  readonly observer: ClaimObserver;
}

/**
 * R25: that content does not come is no outage of its host, even when nothing else is asked of the host meanwhile. Attack:
 * push a signature with a payload that never comes, and get in as "it does not answer at all".
 */
export const withoutProgress = (reading: Reading): Reading => ({
  ...reading,
  requester: { ...reading.requester, asked: () => {}, answered: () => {} },
});

/** What layers that could not be read come to. */
export const outcomeOf = (failures: readonly Failure[]): Pick<Outcome, 'rejected' | 'unavailable'> => {
  const rejected = failures.flatMap((failure): readonly VerifiedRejection[] =>
    failure.state === 'bad'
      ? [
          {
            fault: failure.fault,
            why: failure.why,
            checks: [],
            ...(failure.isLost === true && { isLost: true }),
          },
        ]
      : [],
  );
  const lost = failures.find((failure) => failure.state === 'unavailable');
  return { rejected, ...(lost !== undefined && { unavailable: lost.why }) };
};

const nothing = { claims: [], rejected: [], left: 0, isForeign: false, statements: [] } as const;

const readAndVerify = async (
  { parts, verifier, bounds, observer }: JudgeParts,
  { basis, place, subject, reading, spend, turn }: CandidateJob,
  candidate: Candidate,
): Promise<Outcome> => {
  const { clock } = parts;
  const began = clock.monotonic();
  const quiet = withoutProgress(reading);
  const read = await readCandidate(
    { parts, place, reading: quiet, bounds, subject: subject.digest, spend },
    candidate,
  );
  observer.took('read', clock.monotonic() - began);
  if (read.state === 'foreign') return { ...nothing, isForeign: true };
  if (read.state === 'left') return { ...nothing, left: 1, isPassing: true };
  const failed = outcomeOf(read.state === 'read' ? read.failures : [read]);
  if (read.state !== 'read') return { ...nothing, ...failed };
  const { layers, statements, left } = read;
  if (layers.length === 0) return { ...nothing, ...failed, statements, left };
  const { key: _, ...by } = basis;
  const verification: Verification = {
    ...by,
    candidate: candidate.digest,
    subject,
    layers,
    now: clock.now(),
  };
  const begun = clock.monotonic();
  const result = await verifier.verify(verification, reading.requester.owners, reading.signal, turn);
  observer.took('verify', clock.monotonic() - begun);
  return {
    ...failed,
    // Another digest or a word of the other kind would be a defect of the verifier; it must not count (S1, S4).
    claims: result.claims.filter(({ says, about }) => says === basis.says && about === subject.digest),
    rejected: [...failed.rejected, ...result.rejected],
    left,
    isForeign: false,
    statements,
  };
};

/** About how many bytes a package takes in memory. */
const packageBytes = 500;
/** What is kept weighs so much. The lists of packages in it are counted, since to write them out takes long. */
export const weightOf = (kept: object, words: readonly object[]): number => {
  const lists = words.flatMap((word) =>
    'packages' in word ? [word.packages as AttestationClaim['packages']] : [],
  );
  const packages = lists.reduce((sum, list) => sum + (list?.ok === true ? list.value.packages.length : 0), 0);
  const rest = packages === 0 ? kept : { ...kept, claims: [], statements: [] };
  return 2 * JSON.stringify(rest).length + packageBytes * (packages + words.length);
};

/** What is counted of one candidate: each thing that it says or fails to say. */
const count = ({ observer }: JudgeParts, { claims, rejected, unavailable, isForeign }: Outcome): void => {
  if (isForeign) observer.candidate('none', 'foreign');
  if (unavailable !== undefined) observer.candidate('none', 'unavailable');
  for (const { form } of claims) observer.candidate(form, 'claim');
  for (const { form = 'none', fault } of rejected) observer.candidate(form, fault);
};

/**
 * Until the first chain of a certificate that nobody dates ends: such a claim is good while its chain is, and another chain to
 * the same anchor may be valid from then on.
 */
const chainsLast = (claims: Outcome['claims'], now: number): number => {
  const ends = claims.flatMap(({ signer, times }) =>
    signer.kind === 'certificate' && times.length === 0 ? [signer.validity.until] : [],
  );
  return Math.min(...ends.filter((end) => end >= now).map((end) => end + 1 - now));
};

/** For how long an outcome may be used again: not at all when it would be another one with more time. */
const timeOf = (
  { claims, rejected, unavailable, isPassing }: Outcome,
  { outageTime, rejectionTime }: ProviderParts['limits'],
  now: number,
): number => {
  // What was too large may have been so for what this review had left to read.
  const isOfThisTime = rejected.some(({ fault }) => fault === 'slow' || fault === 'limit');
  if (isPassing === true || unavailable !== undefined || isOfThisTime) return 0;
  // A date that lies in the future is one that is believed later.
  const time = claims.length > 0 || rejected.length === 0 ? outageTime : rejectionTime;
  return Math.min(time, chainsLast(claims, now));
};

export type JudgeCandidate = (job: CandidateJob, candidate: Candidate) => Promise<JudgedCandidate>;

/**
 * Reads one candidate and has it verified, by itself: a bad one says nothing about the others. What came of it is kept for
 * the account that read it, and for the keys, trust snapshots and expressions that it was verified by. That is what it says
 * and by whom, never a verdict.
 */
export const createJudgeCandidate = (judge: JudgeParts): JudgeCandidate => {
  const { limits, clock } = judge.parts;
  const kept = createTtlCache<Outcome>({ entries: limits.claimEntries, weight: limits.claimBytes }, clock);
  return async (job, candidate) => {
    const { basis, place, subject } = job;
    const location = repositoryKey(place.repository);
    const account = accountKey({ repository: place.repository, credential: place.credential.key });
    const { digest, sources } = candidate;
    const key = `${subject.digest} ${digest} ${standingOf(candidate)} ${account}\n${basis.key}`;
    let outcome = kept.get(key);
    if (outcome === undefined) {
      outcome = await readAndVerify(judge, job, candidate);
      count(judge, outcome);
      const weight = 2 * key.length + weightOf(outcome, outcome.claims);
      kept.set(key, outcome, timeOf(outcome, limits, clock.now()), weight);
    }
    const placed = { candidate: digest, sources, location };
    return {
      ...outcome,
      claims: outcome.claims.map((claim) => ({ ...claim, ...placed })),
      rejected: outcome.rejected.map((rejection) => ({ ...rejection, ...placed })),
    };
  };
};
