import type {
  CandidateSource,
  Claim,
  ListedSource,
  RejectedCandidate,
  SourceState,
} from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { shown } from '../../core/text/shown-text.ts';
import { createPatience, type Patience, type Turn } from '../../concurrency/patience.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import type { RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import type { ReadPlace } from '../read-content.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import {
  candidatesInOrder,
  claimsToSpeak,
  isInIndex,
  signaturePreference,
  standingOf,
  type Candidate,
  type Preference,
} from './candidate.ts';
import type { ClaimObserver } from './claim-observer.ts';
import type { CandidateList, ListedCandidates } from './candidate-list.ts';
import type { CandidateAccount, FoundClaims } from './found-claims.ts';
import { withoutProgress, type CandidateJob, type JudgeCandidate } from './judge-candidate.ts';
import type { CarrierManifest, JudgeStatements, SoughtSigners } from './judge-statements.ts';
import type { WantedLayer } from './read-candidate.ts';
import { inTurns, type UsualSources } from './usual-sources.ts';

/** Candidates for one image in one repository. */
export interface ClaimSearch extends Omit<CandidateJob, 'spend' | 'turn'> {
  readonly sources: readonly ListedSource[];
  /** The named index, what it lists beside its images, and where it was read. */
  readonly index?: CarrierManifest & CandidateList & { readonly place: ReadPlace };
  readonly preference: Preference;
  /** Whether these claims are enough, so that no more candidates are looked at. */
  isMet(claims: readonly Claim[]): boolean | Promise<boolean>;
  /** Whether the lists held what is sought, so that they are not read again before their time. */
  isFound(claims: readonly Claim[]): boolean | Promise<boolean>;
}

export interface GatherParts {
  readonly parts: ProviderParts;
  readonly judge: JudgeCandidate;
  /** For bare statements, and for the signatures of what holds them; absent: they say nothing here. */
  readonly statements?: { readonly judge: JudgeStatements; readonly signatures: JudgeCandidate };
  readonly observer: ClaimObserver;
  readonly usualSources: UsualSources;
}

/** Few at first: the first candidate is mostly the one that is sought. */
const firstBatch = 1;
const maxBatch = 16;

/** What is known so far. */
interface Findings {
  readonly lists: Map<CandidateSource, CandidateList & Pick<ListedCandidates, 'failure'>>;
  /**
   * Candidates that were begun or left, with their standing: a source that comes late may name one that has said nothing
   * where an earlier one has named it.
   */
  readonly seen: Set<string>;
  readonly account: CandidateAccount;
  /** Who signed what holds bare statements, each looked for once. */
  readonly signers: Map<Digest, SignerSearch>;
  /** Where that could not be found out. */
  readonly signersLost: SourceState[];
  readonly claims: Claim[];
  readonly rejected: RejectedCandidate[];
  /** Why a candidate of this source could not be read whole. */
  readonly lost: Map<CandidateSource, RegistryFailure>;
  /** How long candidates keep the next ones waiting. */
  readonly patience: Patience;
  left: number;
}

/** The search for those who signed one thing that holds bare statements. */
interface SignerSearch {
  readonly found: Promise<FoundClaims>;
  /** All who wait for it: what is enough for one of them is enough for the check. */
  readonly waiters: SoughtSigners[];
}

const nameOf = (candidate: Candidate): string => `${candidate.digest} ${standingOf(candidate)}`;

/** The candidates of all lists that are new, each once with all its sources. */
const freshIn = ({ lists, seen }: Findings): readonly Candidate[] => {
  const found = new Map<Digest, Candidate>();
  for (const { candidates } of lists.values()) {
    for (const candidate of candidates) {
      const same = found.get(candidate.digest);
      const sources = [...new Set([...(same?.sources ?? []), ...candidate.sources])];
      found.set(candidate.digest, { ...candidate, ...same, sources });
    }
  }
  return [...found.values()].filter((candidate) => !seen.has(nameOf(candidate)));
};

/**
 * R25: whoever may push chooses how many manifests hold a statement, and so how much is asked of the registry. Attack: push
 * so many that it gives up, and get in as an outage. The index is the one that the workload names.
 */
const sourcesLost = ({ kind }: CarrierManifest, { sources }: FoundClaims): readonly SourceState[] =>
  sources.flatMap((source): readonly SourceState[] => {
    if (source.state !== 'unavailable') return [];
    if (kind === 'index') return [source];
    const { excusable: _, ...why } = source.why;
    return [{ ...source, why }];
  });

/**
 * Judges bare statements by the signatures of what holds them. Those are looked for where the candidate was found, among
 * signatures alone: attack, a statement that is signed by a statement, without end. They take from the same account, so what
 * is read for one image and check stays what it is.
 */
const judgeStatements = async (
  parts: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  { candidate, statements, spend, place }: CandidateStatements,
): Promise<void> => {
  if (parts.statements === undefined || statements.length === 0) return;
  const { signatures, judge } = parts.statements;
  const { key, ...basis } = search.basis;
  const signersOf = (carrier: CarrierManifest, sought: SoughtSigners): Promise<FoundClaims> => {
    const { digest, manifest, kind } = carrier;
    const before = findings.signers.get(digest);
    if (before !== undefined) {
      before.waiters.push(sought);
      return before.found;
    }
    const waiters = [sought];
    const isAny = async (what: keyof SoughtSigners, signers: readonly Claim[]): Promise<boolean> =>
      (await Promise.all(waiters.map((waiter) => waiter[what](signers)))).includes(true);
    const found = gatherInto(
      { parts: parts.parts, observer: parts.observer, usualSources: parts.usualSources, judge: signatures },
      {
        basis: { ...basis, says: 'signed', expressions: [], key: `signers ${key}` },
        place: search.place,
        subject: { digest, manifest },
        reading: kind === 'index' ? search.reading : withoutProgress(search.reading),
        sources: ['signature-tag', 'referrers', 'referrers-tag'],
        preference: signaturePreference(digest),
        isMet: (signers) => isAny('isMet', signers),
        isFound: (signers) => isAny('isFound', signers),
      },
      findings.account,
    ).then((signers) => {
      findings.left += signers.left;
      findings.signersLost.push(...sourcesLost(carrier, signers));
      return signers;
    });
    findings.signers.set(digest, { found, waiters });
    return found;
  };
  const { index } = search;
  const judged = await judge({
    ...search,
    place,
    spend,
    candidate,
    statements,
    signedIn: search.place,
    signersOf,
    ...(index !== undefined && { index }),
    isMet: (claims) => search.isMet([...findings.claims, ...claims]),
    isFound: (claims) => search.isFound([...findings.claims, ...claims]),
  });
  findings.claims.push(...judged.claims);
  findings.rejected.push(...judged.rejected);
  findings.left += judged.left;
  if (judged.unavailable !== undefined)
    for (const source of candidate.sources) findings.lost.set(source, judged.unavailable);
};

interface CandidateStatements {
  readonly candidate: Candidate;
  readonly statements: readonly WantedLayer[];
  readonly spend: CandidateJob['spend'];
  readonly place: ReadPlace;
}

const judgeOne = async (
  gather: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  candidate: Candidate,
): Promise<void> => {
  const { turn, ends } = findings.patience.begin();
  try {
    await judgeInTurn(gather, search, findings, { candidate, turn });
  } finally {
    ends();
  }
};

const judgeInTurn = async (
  gather: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  { candidate, turn }: { readonly candidate: Candidate; readonly turn: Turn },
): Promise<void> => {
  const { parts, judge } = gather;
  const { account } = findings;
  const { candidateManifests, candidates, candidateBytes } = parts.limits;
  findings.seen.add(nameOf(candidate));
  if (account.begun >= candidateManifests || account.counted >= candidates) {
    findings.left += 1;
    return;
  }
  account.begun += 1;
  // Attack: push so much that the review has read its share before it comes to the good one, and to its other images.
  const spend = (bytes: number): boolean => {
    if (account.bytes + bytes > candidateBytes) return false;
    account.bytes += bytes;
    return true;
  };
  const counts = claimsToSpeak(candidate, search.preference);
  if (counts) account.counted += 1;
  const place = isInIndex(candidate) && search.index !== undefined ? search.index.place : search.place;
  const judged = await judge({ ...search, place, spend, turn }, candidate);
  const { claims, rejected, left, unavailable, isForeign, statements } = judged;
  if (!counts && !isForeign) account.counted += 1;
  findings.claims.push(...claims);
  findings.rejected.push(...rejected);
  findings.left += left;
  if (unavailable !== undefined)
    for (const source of candidate.sources) findings.lost.set(source, unavailable);
  await judgeStatements(gather, search, findings, { candidate, statements, spend, place });
};

/**
 * Judges candidates in their order until they are enough. One that takes long does not keep the next ones waiting: whoever
 * pushes a slow one in front of a good one must not turn a pass into a refusal (S2).
 */
const judgeAll = async (parts: GatherParts, search: ClaimSearch, findings: Findings): Promise<void> => {
  const candidates = candidatesInOrder(freshIn(findings), search.preference);
  const { candidateTime } = parts.parts.limits;
  const batches: Promise<unknown>[] = [];
  let size = firstBatch;
  for (let at = 0; at < candidates.length; size = Math.min(2 * size, maxBatch)) {
    const batch = candidates.slice(at, at + size).map((one) => judgeOne(parts, search, findings, one));
    at += size;
    batches.push(Promise.all(batch));
    await findings.patience.atMost(Promise.all(batch), candidateTime);
    if (await search.isMet(findings.claims)) return;
  }
  let areDone = false;
  const all = Promise.all(batches).then(() => (areDone = true));
  for (;;) {
    await findings.patience.atMost(all, candidateTime);
    if (areDone || (await search.isMet(findings.claims))) return;
  }
};

/**
 * Asks these sources at the same time; what the quick ones name is judged while a slow one is still awaited.
 * @returns when the candidates of all of them are judged, or enough
 */
const lookAt = async (
  parts: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  { sources, maxAge }: { readonly sources: readonly ListedSource[]; readonly maxAge: number },
): Promise<void> => {
  const { candidateLists, clock, limits } = parts.parts;
  const began = clock.monotonic();
  const { place, subject, reading } = search;
  const usual = parts.usualSources.of(place.repository.host);
  const lists = Promise.all(
    sources.map(async (source) => {
      const wanted = { digest: subject.digest, source, maxAge, isLikely: usual.has(source) };
      const list = await candidateLists.list(place, wanted, reading);
      findings.lists.set(source, list);
      findings.account.listedAt = Math.min(findings.account.listedAt, list.at);
    }),
  );
  await findings.patience.atMost(lists, limits.candidateTime);
  parts.observer.took('list', clock.monotonic() - began);
  await judgeAll(parts, search, findings);
  if (await search.isMet(findings.claims)) return;
  await lists;
  await judgeAll(parts, search, findings);
};

/**
 * Asks first where candidates of this host usually stand, and the other sources only where that is not enough. Those wait for
 * a short time alone: whoever pushes slow candidates to one source must not keep another one from being looked at (S2).
 */
const lookOnce = async (
  parts: GatherParts,
  search: ClaimSearch,
  findings: Findings,
  maxAge: number,
): Promise<void> => {
  const { place, sources, preference, index } = search;
  if (index !== undefined) findings.lists.set('index', index);
  const looks: Promise<void>[] = [];
  const usual = parts.usualSources.of(place.repository.host);
  for (const turn of inTurns(sources, preference, usual)) {
    const look = lookAt(parts, search, findings, { sources: turn, maxAge });
    looks.push(look);
    await findings.patience.atMost(look, parts.parts.limits.candidateTime);
    if (await search.isMet(findings.claims)) return;
  }
  await Promise.all(looks);
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
    ([other, { failure }]) => other !== 'referrers' && other !== 'index' && failure === undefined,
  );
  if (failure === undefined || source !== 'referrers' || !answersForTags) return failure;
  const { excusable: _, ...rest } = failure;
  return rest;
};

const stateOf = (
  { place: { repository, credential }, sources, index }: ClaimSearch,
  { lists, lost }: Findings,
  milliseconds: number,
): readonly SourceState[] => {
  const location = repositoryKey(repository);
  const looked: readonly CandidateSource[] = index === undefined ? sources : [...sources, 'index'];
  return looked.flatMap((source): readonly SourceState[] => {
    const list = lists.get(source);
    if (list === undefined) return [];
    const failure = excusableOnly(source, list.failure ?? lost.get(source), lists);
    if (failure !== undefined) {
      const why = unavailableText(failure, credential.source, milliseconds);
      return [{ source, location, state: 'unavailable', why }];
    }
    if (list.candidates.length === 0 && list.left === 0) return [{ source, location, state: 'absent' }];
    const unread = list.unread === undefined ? {} : { unread: shown(list.unread) };
    return [{ source, location, state: 'known', ...unread }];
  });
};

/**
 * What candidates in one repository say of one image. Each source is known, absent or unavailable by itself. Where the lists
 * of a moment ago do not hold what is sought, they are read again: it may have been pushed since.
 */
export const gatherClaims = (parts: GatherParts, search: ClaimSearch): Promise<FoundClaims> =>
  gatherInto(parts, search, { begun: 0, counted: 0, bytes: 0, listedAt: Infinity });

const gatherInto = async (
  parts: GatherParts,
  search: ClaimSearch,
  account: CandidateAccount,
): Promise<FoundClaims> => {
  const { clock, limits } = parts.parts;
  const began = clock.monotonic();
  const findings: Findings = {
    lists: new Map(),
    seen: new Set(),
    account,
    signers: new Map(),
    signersLost: [],
    claims: [],
    rejected: [],
    lost: new Map(),
    patience: createPatience(),
    left: 0,
  };
  for (const maxAge of [limits.listTime, limits.absenceTime]) {
    await lookOnce(parts, search, findings, maxAge);
    if (await search.isFound(findings.claims)) break;
  }
  const { claims, rejected, lists } = findings;
  const named = claims.flatMap((claim) => claim.sources);
  parts.usualSources.found(search.place.repository.host, named);
  const states = stateOf(search, findings, clock.monotonic() - began);
  const left = [...lists.values()].reduce((sum, list) => sum + list.left, findings.left);
  // Candidates that are not awaited any more are still added to the findings.
  return {
    claims: [...claims],
    rejected: [...rejected],
    sources: [...states, ...findings.signersLost],
    left,
    listedAt: account.listedAt,
  };
};
