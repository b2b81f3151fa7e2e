import type {
  AttestationClaim,
  Carrier,
  Claim,
  RejectedCandidate,
  SignatureClaim,
} from '../../core/facts/claim.ts';
import { shortDigest } from '../../core/facts/claim-text.ts';
import { waitAtMost } from '../../concurrency/abort.ts';
import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryFailure } from '../ports.ts';
import { readContent, type ReadPlace } from '../read-content.ts';
import type { BareStatement, VerificationResult, VerifiedRejection } from '../verify/verification.ts';
import { isAboutAnother, isInIndex, standingOf, type Candidate } from './candidate.ts';
import type { FoundClaims } from './found-claims.ts';
import {
  outcomeOf,
  weightOf,
  withoutProgress,
  type CandidateJob,
  type JudgeParts,
} from './judge-candidate.ts';
import { readLayers, type WantedLayer } from './read-candidate.ts';

/** What holds a bare statement, and its bytes: a message signature signs them. */
export interface CarrierManifest extends Carrier {
  readonly manifest: Uint8Array;
}

/** One candidate with bare statements. */
export interface StatementJob extends CandidateJob {
  readonly candidate: Candidate;
  readonly statements: readonly WantedLayer[];
  /** Where the signatures of what holds them are looked for. */
  readonly signedIn: ReadPlace;
  /** The named index, where it lists the candidate. */
  readonly index?: CarrierManifest;
  /**
   * Who signed it. Looked for among signatures alone, so that this is one level: no signature is found by way of a statement.
   */
  signersOf(carrier: CarrierManifest, sought: SoughtSigners): Promise<FoundClaims>;
  /** Whether these claims are enough, with those that others have found. */
  isMet(claims: readonly Claim[]): boolean | Promise<boolean>;
  /** Whether they are what is sought. */
  isFound(claims: readonly Claim[]): boolean | Promise<boolean>;
}

/** Whether all that is asked for is said, or found, with what these signatures stand for. */
type JudgesSignatures = (signatures: readonly Claim[]) => Promise<boolean>;
/** Those who signed what holds a statement: when no further one is needed, and when their lists need not be read again. */
export interface SoughtSigners {
  readonly isMet: JudgesSignatures;
  readonly isFound: JudgesSignatures;
}

/** What came of the bare statements of one candidate. */
export interface JudgedStatements extends Pick<FoundClaims, 'claims' | 'rejected' | 'left'> {
  /** Why a part of it could not be read. */
  readonly unavailable?: RegistryFailure;
}
export type JudgeStatements = (job: StatementJob) => Promise<JudgedStatements>;

interface ReadStatements {
  readonly statements: readonly BareStatement[];
  readonly rejected: readonly VerifiedRejection[];
  readonly left: number;
  readonly unavailable?: RegistryFailure;
}

const isSignature = (claim: Claim): claim is SignatureClaim => claim.says === 'signed';

const readStatements = async (
  { parts, verifier, observer }: JudgeParts,
  { basis, place, subject, reading, spend, candidate, statements }: StatementJob,
): Promise<ReadStatements> => {
  const quiet = withoutProgress(reading);
  const bounds = { bytes: {} };
  const read = await readLayers(
    { parts, place, reading: quiet, bounds, subject: subject.digest, spend },
    statements,
  );
  if (read === 'left') return { statements: [], rejected: [], left: 1 };
  const failed = outcomeOf(read.failures);
  const { key: _, ...by } = basis;
  const begun = parts.clock.monotonic();
  const result: VerificationResult =
    read.layers.length === 0
      ? { claims: [], rejected: [] }
      : await verifier.verify(
          { ...by, candidate: candidate.digest, subject, layers: read.layers, now: parts.clock.now() },
          reading.requester.owners,
          reading.signal,
        );
  observer.took('verify', parts.clock.monotonic() - begun);
  return {
    ...failed,
    statements: result.statements ?? [],
    rejected: [...failed.rejected, ...result.rejected].map((one) => ({ form: 'statement', ...one })),
    left: 0,
  };
};

interface Carriers {
  readonly carriers: readonly CarrierManifest[];
  readonly unavailable?: RegistryFailure;
}

/**
 * The manifest that holds the statements comes last: BuildKit's is signed with its index, and hardly ever by itself. One that
 * the index ascribes to another of its images is not looked for signatures of its own: each costs requests.
 */
const carriersOf = async ({ parts }: JudgeParts, job: StatementJob): Promise<Carriers> => {
  const { candidate, subject, place, reading, index } = job;
  const first = index !== undefined && isInIndex(candidate) ? [index] : [];
  if (isAboutAnother(candidate, subject.digest)) return { carriers: first };
  const { digest } = candidate;
  const bytes = await readContent(parts, place, { stage: 'manifest', digest }, withoutProgress(reading));
  if (bytes.state === 'known')
    return { carriers: [...first, { kind: 'manifest', digest, manifest: bytes.value }] };
  if (bytes.state === 'absent') return { carriers: first };
  const { excusable: _, ...unavailable } = bytes.why;
  return { carriers: first, unavailable };
};

/** The word of a bare statement by each of those who signed what holds it; times and logs are those of that signature. */
const claimsBy = (
  { candidate, subject, signedIn }: StatementJob,
  { kind, digest }: Carrier,
  signers: readonly SignatureClaim[],
  statements: readonly BareStatement[],
): readonly AttestationClaim[] =>
  signers
    // S1: what was signed is this very digest, whoever found the signature.
    .filter(({ about }) => about === digest)
    .flatMap(({ signer, signature, logs, times, checks }) =>
      statements.map((statement): AttestationClaim => ({
        ...statement,
        form: 'statement',
        carrier: { kind, digest },
        candidate: candidate.digest,
        sources: candidate.sources,
        location: repositoryKey(signedIn.repository),
        about: subject.digest,
        signer,
        signature,
        logs,
        times,
        checks,
      })),
    );

/** A signature of what holds a statement, as it is told about the statement. */
const ofCarrier = ({ kind, digest }: Carrier, rejected: RejectedCandidate): RejectedCandidate => ({
  ...rejected,
  why: `a signature of the ${kind} ${shortDigest(digest)}: ${rejected.why}`,
});

const unsigned = ({ candidate, signedIn }: StatementJob): RejectedCandidate => ({
  candidate: candidate.digest,
  form: 'statement',
  sources: candidate.sources,
  location: repositoryKey(signedIn.repository),
  fault: 'unsigned',
  why: isInIndex(candidate)
    ? 'neither the index nor the manifest that holds it is signed'
    : 'the manifest that holds it is not signed',
  checks: [],
});

/** What comes of the signatures of what holds the statements. */
interface Vouched {
  readonly claims: readonly AttestationClaim[];
  /** Signatures that say nothing. */
  readonly refused: readonly RejectedCandidate[];
  /** Whether all of them could be looked at. */
  readonly couldLook: boolean;
  /** Absent: nobody known has signed, so the statements were not read. */
  readonly words?: ReadStatements;
}

/** The statements, read once and as soon as somebody known has signed what holds them. */
const lazily = (read: () => Promise<ReadStatements>) => {
  let reading: Promise<ReadStatements> | undefined;
  return (): Promise<ReadStatements> => (reading ??= read());
};

/**
 * Looks for the signers of all that holds the statements. Attack: push signatures of it that take long to read or to verify,
 * so that nobody comes to the good one in time (S2). So each signature counts as soon as it is found, and the index keeps the
 * manifest waiting for a short time alone.
 */
const vouchedFor = async (
  { candidateTime }: Pick<EvidenceLimits, 'candidateTime'>,
  job: StatementJob,
  carriers: readonly CarrierManifest[],
  wordsOf: () => Promise<ReadStatements>,
): Promise<Vouched> => {
  const claims: AttestationClaim[] = [];
  const refused: RejectedCandidate[] = [];
  let couldLook = true;
  let words: ReadStatements | undefined;
  const lookAt = async (carrier: CarrierManifest): Promise<void> => {
    const said = async (signatures: readonly Claim[]): Promise<readonly AttestationClaim[]> => {
      const signers = signatures.filter(isSignature);
      if (signers.length === 0) return [];
      let read: ReadStatements | undefined;
      const reading = wordsOf().then((all) => (read = all));
      // A statement that is slow to come keeps nobody waiting who looks for signers with this search too.
      await waitAtMost(reading, candidateTime);
      return claimsBy(job, carrier, signers, read?.statements ?? []);
    };
    const found = await job.signersOf(carrier, {
      isMet: async (signatures) => {
        const more = await said(signatures);
        return more.length > 0 && job.isMet([...claims, ...more]);
      },
      isFound: async (signatures) => job.isFound([...claims, ...(await said(signatures))]),
    });
    refused.push(...found.rejected.map((one) => ofCarrier(carrier, one)));
    couldLook &&= found.left === 0 && found.sources.every(({ state }) => state !== 'unavailable');
    const signers = found.claims.filter(isSignature);
    if (signers.length === 0) return;
    words ??= await wordsOf();
    claims.push(...claimsBy(job, carrier, signers, words.statements));
  };
  const areMet = async (): Promise<boolean> => claims.length > 0 && (await job.isMet(claims));
  const looks = new Set<Promise<void>>();
  for (const carrier of carriers) {
    const look = lookAt(carrier).finally(() => looks.delete(look));
    looks.add(look);
    await waitAtMost(look, 2 * candidateTime);
    if (await areMet()) break;
  }
  while (looks.size > 0 && !(await areMet())) await Promise.race(looks);
  // A search that is not awaited any more still adds to them.
  return { claims: [...claims], refused: [...refused], couldLook, ...(words !== undefined && { words }) };
};

const rejectedOf = (
  job: StatementJob,
  { refused, couldLook, words }: Vouched,
  isLost: boolean,
): readonly RejectedCandidate[] => {
  const { candidate, subject, signedIn } = job;
  // What the index ascribes to another of its images need not speak for this one.
  if (isAboutAnother(candidate, subject.digest)) return [];
  const { digest, sources } = candidate;
  const placed = { candidate: digest, sources, location: repositoryKey(signedIn.repository) };
  if (words !== undefined) return words.rejected.map((one) => ({ ...one, ...placed }));
  if (refused.length > 0) return refused;
  return couldLook && !isLost ? [unsigned(job)] : [];
};

/**
 * Judges bare statements: who signed what holds them, and then what they say. Attack: push statements of 16 MiB that nobody
 * signed, each of which takes a thread for seconds. So they are not even fetched before somebody known has signed.
 */
export const createJudgeStatements = (judge: JudgeParts): JudgeStatements => {
  const { limits, clock } = judge.parts;
  const kept = createTtlCache<ReadStatements>(
    { entries: limits.claimEntries, weight: limits.claimBytes },
    clock,
  );
  const wordsOf = async (job: StatementJob): Promise<ReadStatements> => {
    const { repository, credential } = job.place;
    const account = accountKey({ repository, credential: credential.key });
    const { subject, candidate, basis } = job;
    const key = `${subject.digest} ${candidate.digest} ${standingOf(candidate)} ${account}\n${basis.key}`;
    const before = kept.get(key);
    if (before !== undefined) return before;
    const read = await readStatements(judge, job);
    const { statements, rejected, unavailable, left } = read;
    for (const _ of statements) judge.observer.candidate('statement', 'claim');
    for (const { fault } of rejected) judge.observer.candidate('statement', fault);
    const isOfThisTime = rejected.some(({ fault }) => fault === 'slow' || fault === 'limit');
    if (unavailable === undefined && left === 0 && !isOfThisTime)
      kept.set(key, read, limits.outageTime, 2 * key.length + weightOf(read, statements));
    return read;
  };
  return async (job) => {
    const { carriers, unavailable } = await carriersOf(judge, job);
    const vouched = await vouchedFor(
      limits,
      job,
      carriers,
      lazily(() => wordsOf(job)),
    );
    const rejected = rejectedOf(job, vouched, unavailable !== undefined);
    for (const { fault } of rejected) if (fault === 'unsigned') judge.observer.candidate('statement', fault);
    const lost = vouched.words?.unavailable ?? unavailable;
    return {
      claims: vouched.claims,
      rejected,
      left: vouched.words?.left ?? 0,
      ...(lost !== undefined && { unavailable: lost }),
    };
  };
};
