import type {
  CandidateSource,
  Claim,
  RejectedCandidate,
  SourceState,
  SubjectClaims,
} from '../../core/facts/claim.ts';
import type { ClaimDemand } from '../../core/facts/claim-need.ts';
import type { Digest } from '../../core/image/digest.ts';
import { sleep } from '../../concurrency/abort.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import type { RegistryAnswer, RegistryFailure } from '../ports.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import { claimsToSpeak, candidatesInOrder, type Candidate, type Preference } from './candidate.ts';
import { listCandidates, type CandidateList } from './candidate-list.ts';
import { judgeCandidate, type CandidateJob } from './judge-candidate.ts';

export interface ClaimSearch<C extends Claim> extends CandidateJob<C> {
  readonly sources: readonly CandidateSource[];
  readonly preference: Preference;
  readonly demands: readonly ClaimDemand<C>[];
}

/** Few at first: the first candidate is mostly the one that is sought. */
const firstBatch = 1;
const maxBatch = 16;

/** What is known so far about one image. */
interface Findings<C extends Claim> {
  readonly lists: Map<CandidateSource, RegistryAnswer<CandidateList>>;
  /** Candidates that were begun or left. */
  readonly seen: Set<Digest>;
  /** Those that were begun. */
  begun: number;
  /** Those that count for the limit: a thing of another kind does only if it was named as a candidate. */
  counted: number;
  readonly claims: C[];
  readonly rejected: RejectedCandidate[];
  /** Why a candidate of this source could not be read whole. */
  readonly lost: Map<CandidateSource, RegistryFailure>;
  left: number;
}

/** Waits for work, and not longer than so many milliseconds. */
const waitFor = async (work: Promise<unknown>, milliseconds: number): Promise<void> => {
  const done = new AbortController();
  await Promise.race([work, sleep(milliseconds, done.signal, false)]).finally(() => done.abort());
};

const isMet = <C extends Claim>(
  { demands, parts, place }: ClaimSearch<C>,
  { claims }: Findings<C>,
): boolean => {
  const about = { now: parts.clock.now(), repository: repositoryKey(place.repository) };
  return demands.length > 0 && demands.every((demand) => demand.isMet(claims, about));
};

/** The candidates of all lists that are new, each once with all its sources. */
const freshIn = ({ lists, seen }: Findings<Claim>): readonly Candidate[] => {
  const found = new Map<Digest, Candidate>();
  for (const list of lists.values()) {
    for (const candidate of list.state === 'known' ? list.value.candidates : []) {
      const same = found.get(candidate.digest);
      const sources = [...new Set([...(same?.sources ?? []), ...candidate.sources])];
      if (!seen.has(candidate.digest)) found.set(candidate.digest, { ...candidate, ...same, sources });
    }
  }
  return [...found.values()];
};

const judgeOne = async <C extends Claim>(
  search: ClaimSearch<C>,
  findings: Findings<C>,
  candidate: Candidate,
): Promise<void> => {
  const { limits } = search.parts;
  findings.seen.add(candidate.digest);
  if (findings.begun >= limits.candidateManifests || findings.counted >= limits.candidates) {
    findings.left += 1;
    return;
  }
  findings.begun += 1;
  const counts = claimsToSpeak(candidate, search.preference);
  if (counts) findings.counted += 1;
  const { claims, rejected, left, unavailable, isForeign } = await judgeCandidate(search, candidate);
  if (!counts && !isForeign) findings.counted += 1;
  findings.claims.push(...claims);
  findings.rejected.push(...rejected);
  findings.left += left;
  if (unavailable !== undefined)
    for (const source of candidate.sources) findings.lost.set(source, unavailable);
};

/**
 * Judges candidates in their order until the demands are met. One that takes long does not keep the next ones waiting:
 * whoever pushes a slow one in front of a good one must not turn a pass into a refusal (S2).
 */
const judgeAll = async <C extends Claim>(search: ClaimSearch<C>, findings: Findings<C>): Promise<void> => {
  const candidates = candidatesInOrder(freshIn(findings), search.preference);
  const batches: Promise<unknown>[] = [];
  let size = firstBatch;
  for (let at = 0; at < candidates.length; size = Math.min(2 * size, maxBatch)) {
    const batch = candidates.slice(at, at + size).map((one) => judgeOne(search, findings, one));
    at += size;
    batches.push(Promise.all(batch));
    await waitFor(Promise.all(batch), search.parts.limits.candidateTime);
    if (isMet(search, findings)) return;
  }
  await Promise.all(batches);
};

const stateOf = (
  search: ClaimSearch<Claim>,
  { lists, lost }: Findings<Claim>,
  milliseconds: number,
): readonly SourceState[] => {
  const { repository, credential } = search.place;
  const location = repositoryKey(repository);
  return search.sources.flatMap((source): readonly SourceState[] => {
    const list = lists.get(source);
    if (list === undefined) return [];
    const failure = list.state === 'unavailable' ? list.why : lost.get(source);
    if (failure !== undefined) {
      const why = unavailableText(failure, credential.source, milliseconds);
      return [{ source, location, state: 'unavailable', why }];
    }
    const isEmpty = list.state !== 'known' || (list.value.candidates.length === 0 && list.value.left === 0);
    return [{ source, location, state: isEmpty ? 'absent' : 'known' }];
  });
};

/**
 * What candidates say of one image. Its sources are asked at the same time, and each is known, absent or unavailable by
 * itself; what the quick ones name is judged while a slow one is still awaited.
 */
export const gatherClaims = async <C extends Claim>(search: ClaimSearch<C>): Promise<SubjectClaims<C>> => {
  const { parts, place, subject, sources, reading } = search;
  const began = parts.clock.monotonic();
  const findings: Findings<C> = {
    lists: new Map(),
    seen: new Set(),
    begun: 0,
    counted: 0,
    claims: [],
    rejected: [],
    lost: new Map(),
    left: 0,
  };
  const lists = Promise.all(
    sources.map(async (source) => {
      const wanted = { digest: subject.digest, source };
      findings.lists.set(source, await listCandidates(parts, place, wanted, reading));
    }),
  );
  await waitFor(lists, parts.limits.candidateTime);
  await judgeAll(search, findings);
  if (!isMet(search, findings)) {
    await lists;
    await judgeAll(search, findings);
  }
  let { left } = findings;
  for (const list of findings.lists.values()) if (list.state === 'known') left += list.value.left;
  return {
    digest: subject.digest,
    claims: findings.claims,
    rejected: findings.rejected,
    sources: stateOf(search, findings, parts.clock.monotonic() - began),
    left,
  };
};
