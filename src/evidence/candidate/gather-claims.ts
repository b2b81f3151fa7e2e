import type { CandidateSource, Claim, RejectedCandidate, SourceState } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { waitAtMost } from '../../concurrency/abort.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import type { RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import { candidatesInOrder, claimsToSpeak, type Candidate, type Preference } from './candidate.ts';
import type { ClaimObserver } from './claim-observer.ts';
import type { ListedCandidates } from './candidate-list.ts';
import type { CandidateJob, JudgeCandidate } from './judge-candidate.ts';

/** Candidates for one image in one repository. */
export interface ClaimSearch extends Omit<CandidateJob, 'spend'> {
  readonly sources: readonly CandidateSource[];
  readonly preference: Preference;
  /** Whether these claims are enough, so that no more candidates are looked at. */
  isMet(claims: readonly Claim[]): boolean;
}

/** What was found for one image in one repository. */
export interface FoundClaims {
  readonly claims: readonly Claim[];
  readonly rejected: readonly RejectedCandidate[];
  readonly sources: readonly SourceState[];
  readonly left: number;
}

export interface GatherParts {
  readonly parts: ProviderParts;
  readonly judge: JudgeCandidate;
  readonly observer: ClaimObserver;
}

/** Few at first: the first candidate is mostly the one that is sought. */
const firstBatch = 1;
const maxBatch = 16;

/** What is known so far. */
interface Findings {
  readonly lists: Map<CandidateSource, ListedCandidates>;
  /** Candidates that were begun or left. */
  readonly seen: Set<Digest>;
  /** Those that were begun. */
  begun: number;
  /** Those that count for the limit: a thing of another kind does only if it was named as a candidate. */
  counted: number;
  readonly claims: Claim[];
  readonly rejected: RejectedCandidate[];
  /** Why a candidate of this source could not be read whole. */
  readonly lost: Map<CandidateSource, RegistryFailure>;
  left: number;
  /** Bytes of candidates that were read or are being read. */
  bytes: number;
}

/** The candidates of all lists that are new, each once with all its sources. */
const freshIn = ({ lists, seen }: Findings): readonly Candidate[] => {
  const found = new Map<Digest, Candidate>();
  for (const { candidates } of lists.values()) {
    for (const candidate of candidates) {
      const same = found.get(candidate.digest);
      const sources = [...new Set([...(same?.sources ?? []), ...candidate.sources])];
      if (!seen.has(candidate.digest)) found.set(candidate.digest, { ...candidate, ...same, sources });
    }
  }
  return [...found.values()];
};

const judgeOne = async (
  { parts, judge }: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  candidate: Candidate,
): Promise<void> => {
  const { candidateManifests, candidates, candidateBytes } = parts.limits;
  findings.seen.add(candidate.digest);
  if (findings.begun >= candidateManifests || findings.counted >= candidates) {
    findings.left += 1;
    return;
  }
  findings.begun += 1;
  // Attack: push so much that the review has read its share before it comes to the good one, and to its other images.
  const spend = (bytes: number): boolean => {
    if (findings.bytes + bytes > candidateBytes) return false;
    findings.bytes += bytes;
    return true;
  };
  const counts = claimsToSpeak(candidate, search.preference);
  if (counts) findings.counted += 1;
  const { claims, rejected, left, unavailable, isForeign } = await judge({ ...search, spend }, candidate);
  if (!counts && !isForeign) findings.counted += 1;
  findings.claims.push(...claims);
  findings.rejected.push(...rejected);
  findings.left += left;
  if (unavailable !== undefined)
    for (const source of candidate.sources) findings.lost.set(source, unavailable);
};

/**
 * Judges candidates in their order until they are enough. One that takes long does not keep the next ones waiting: whoever
 * pushes a slow one in front of a good one must not turn a pass into a refusal (S2).
 */
const judgeAll = async (parts: GatherParts, search: ClaimSearch, findings: Findings): Promise<void> => {
  const candidates = candidatesInOrder(freshIn(findings), search.preference);
  const batches: Promise<unknown>[] = [];
  let size = firstBatch;
  for (let at = 0; at < candidates.length; size = Math.min(2 * size, maxBatch)) {
    const batch = candidates.slice(at, at + size).map((one) => judgeOne(parts, search, findings, one));
    at += size;
    batches.push(Promise.all(batch));
    await waitAtMost(Promise.all(batch), parts.parts.limits.candidateTime);
    if (search.isMet(findings.claims)) return;
  }
  await Promise.all(batches);
};

/** The sources are asked at the same time; what the quick ones name is judged while a slow one is still awaited. */
const lookOnce = async (
  parts: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  maxAge: number,
): Promise<void> => {
  const { candidateLists, clock, limits } = parts.parts;
  const began = clock.monotonic();
  const { place, subject, sources, reading } = search;
  const lists = Promise.all(
    sources.map(async (source) => {
      const wanted = { digest: subject.digest, source, maxAge };
      findings.lists.set(source, await candidateLists.list(place, wanted, reading));
    }),
  );
  await waitAtMost(lists, limits.candidateTime);
  parts.observer.took('list', clock.monotonic() - began);
  await judgeAll(parts, search, findings);
  if (search.isMet(findings.claims)) return;
  await lists;
  await judgeAll(parts, search, findings);
};

/**
 * R25: the Referrers API alone that fails is no outage while the registry answers for tags. Whoever may push decides how much
 * it has to list. Attack: push referrers until the registry gives up on the list with a 5xx, and get in as that.
 */
const excusableOnly = (
  source: CandidateSource,
  failure: RegistryFailure | undefined,
  lists: Findings['lists'],
): RegistryFailure | undefined => {
  const answersForTags = [...lists].some(
    ([other, { failure }]) => other !== 'referrers' && failure === undefined,
  );
  if (failure === undefined || source !== 'referrers' || !answersForTags) return failure;
  const { excusable: _, ...rest } = failure;
  return rest;
};

const stateOf = (
  { place: { repository, credential }, sources }: ClaimSearch,
  { lists, lost }: Findings,
  milliseconds: number,
): readonly SourceState[] => {
  const location = repositoryKey(repository);
  return sources.flatMap((source): readonly SourceState[] => {
    const list = lists.get(source);
    if (list === undefined) return [];
    const failure = excusableOnly(source, list.failure ?? lost.get(source), lists);
    if (failure !== undefined) {
      const why = unavailableText(failure, credential.source, milliseconds);
      return [{ source, location, state: 'unavailable', why }];
    }
    const isEmpty = list.candidates.length === 0 && list.left === 0;
    return [{ source, location, state: isEmpty ? 'absent' : 'known' }];
  });
};

/**
 * What candidates in one repository say of one image. Each source is known, absent or unavailable by itself. Where the lists
 * of a moment ago do not hold what is sought, they are read again: it may have been pushed since.
 */
export const gatherClaims = async (parts: GatherParts, search: ClaimSearch): Promise<FoundClaims> => {
  const { clock, limits } = parts.parts;
  const began = clock.monotonic();
  const findings: Findings = {
    lists: new Map(),
    seen: new Set(),
    begun: 0,
    counted: 0,
    claims: [],
    rejected: [],
    lost: new Map(),
    left: 0,
    bytes: 0,
  };
  for (const maxAge of [limits.listTime, limits.absenceTime]) {
    await lookOnce(parts, search, findings, maxAge);
    if (search.isMet(findings.claims)) break;
  }
  const { claims, rejected, lists } = findings;
  const left = [...lists.values()].reduce((sum, list) => sum + list.left, findings.left);
  return { claims, rejected, sources: stateOf(search, findings, clock.monotonic() - began), left };
};
