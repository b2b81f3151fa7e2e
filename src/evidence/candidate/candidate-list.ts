import type { ListedSource } from '../../core/facts/claim.ts';
import { absent, known } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { isTag } from '../../core/image/grammar.ts';
import { candidateTag } from '../../core/oci/candidate-tag.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { ReferrersSource, RegistryAnswer, RegistryFailure, Repository } from '../ports.ts';
import type { ContentParts, ReadPlace } from '../read-content.ts';
import { isOutage } from '../resolve/attempts.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { Candidate } from './candidate.ts';

/** What one source names. */
export interface CandidateList {
  readonly candidates: readonly Candidate[];
  /** There are more than were read, or what stands there cannot be read: at least so many. */
  readonly left: number;
  /** Why what stands there cannot be read: that is one of those that are left. */
  readonly unread?: string;
  /** The index that was read, of a fallback tag. */
  readonly index?: Digest;
}
const nothing: CandidateList = { candidates: [], left: 0 };

/** What a source names, and whether that is what it names now. */
export interface ListedCandidates extends CandidateList {
  /** When they were read, by the monotonic clock. */
  readonly at: number;
  /** Why the source could not be asked. Then the candidates are those of an earlier time. */
  readonly failure?: RegistryFailure;
}

export interface ListWanted {
  readonly digest: Digest;
  readonly source: ListedSource;
  /** How old a list may be, in milliseconds. */
  readonly maxAge: number;
  /** Whether other images of this host have it. */
  readonly isLikely: boolean;
}

/**
 * What sources name, kept for the account that was told. An old list stands in while the registry cannot be asked: policies
 * and trust roots withdraw signatures, outages do not.
 */
export interface CandidateLists {
  list(place: ReadPlace, wanted: ListWanted, reading: Reading): Promise<ListedCandidates>;
  /** Something was pushed there: no list of before counts as fresh. */
  pushedTo(repository: Repository): void;
  /** How often that was told: what rests on lists of another number is no news. */
  pushesTo(repository: Repository): number;
}

/** The list that was kept, if there is one. */
interface Before {
  readonly before: CandidateList | undefined;
}
interface ReferrersWanted extends ListWanted, Before {
  readonly source: ReferrersSource;
}

const suffixes = { 'signature-tag': 'sig', 'attestation-tag': 'att' } as const;

interface ListParts extends ContentParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits: Pick<EvidenceLimits, 'candidateLists' | 'candidateListBytes' | 'outageTime'>;
}

/** HEAD first: most images have no such tag, and Docker Hub counts GETs alone. Its digest is a hint where to read. */
const readTag = async (
  { registry, content }: ListParts,
  { repository, credential }: ReadPlace,
  tag: string,
  reading: Reading,
): Promise<RegistryAnswer<Digest>> => {
  const head = await registry.head(repository, { tag }, credential, reading);
  if (head.state === 'absent') return head;
  if (head.state === 'known' && head.value !== undefined) return known(head.value);
  // A registry may be unable to HEAD and able to GET.
  if (head.state === 'unavailable' && head.why.kind !== 'invalid') return head;
  const got = await registry.manifest(repository, { tag }, credential, reading);
  if (got.state !== 'known') return got;
  content.put({ ...repository, digest: got.value.digest }, got.value.bytes);
  return known(got.value.digest);
};

const readReferrers = async (
  { registry }: ListParts,
  { repository, credential }: ReadPlace,
  { digest, source, isLikely, before }: ReferrersWanted,
  reading: Reading,
): Promise<RegistryAnswer<CandidateList>> => {
  // Docker Hub counts each GET: what was read before is asked for by HEAD, and what was not there is not likely.
  const expected = before === undefined ? { isLikely } : before.index && { before: before.index };
  const list = await registry.referrers({ ...repository, digest }, source, credential, reading, expected);
  if (list.state !== 'known') return list;
  if (list.value === 'unchanged') return known(before ?? nothing);
  const { descriptors, isCut, index } = list.value;
  const candidates = descriptors.map((descriptor): Candidate => {
    const { mediaType: _, platform: __, ...hints } = descriptor;
    return { ...hints, sources: [source] };
  });
  return known({ candidates, left: isCut === true ? 1 : 0, ...(index !== undefined && { index }) });
};

const read = async (
  parts: ListParts,
  place: ReadPlace,
  wanted: ListWanted & Before,
  reading: Reading,
): Promise<RegistryAnswer<CandidateList>> => {
  const { digest, source } = wanted;
  if (source === 'referrers' || source === 'referrers-tag')
    return readReferrers(parts, place, { ...wanted, source }, reading);
  const tag = candidateTag(digest, suffixes[source]);
  // The hex digits of sha512 are longer than a tag may be.
  if (!isTag(tag)) return absent;
  const found = await readTag(parts, place, tag, reading);
  return found.state === 'known'
    ? known({ candidates: [{ digest: found.value, sources: [source] }], left: 0 })
    : found;
};

/** What cannot be read because of who pushed it is no outage: there is something, and it is left (S3). */
const settled = (answer: RegistryAnswer<CandidateList>): CandidateList | RegistryFailure => {
  if (answer.state === 'known') return answer.value;
  if (answer.state === 'absent') return nothing;
  const { unreadable, kind, why } = answer.why;
  return unreadable === true || kind === 'limit' ? { candidates: [], left: 1, unread: why } : answer.why;
};

interface KeptList {
  readonly listed: ListedCandidates;
  readonly pushes: number;
}

/** About how many bytes a list holds in memory: of itself, and of each candidate without its annotations. */
const listBytes = 200;
const candidateBytes = 400;
const weightOf = ({ candidates }: CandidateList): number =>
  candidates.reduce(
    (sum, { annotations }) =>
      sum + candidateBytes + (annotations === undefined ? 0 : 2 * JSON.stringify(annotations).length),
    listBytes,
  );

/**
 * A list of which nothing was read is not kept: this review may have read its share before it came to it. Attack: a Pod of
 * large images makes a good one unsigned for the next Pod.
 */
const isKept = ({ candidates, left }: CandidateList): boolean => left === 0 || candidates.length > 0;

export const createCandidateLists = (parts: ListParts): CandidateLists => {
  const { sharedReads, clock, limits } = parts;
  const kept = createLruCache<KeptList>({
    entries: limits.candidateLists,
    weight: limits.candidateListBytes,
  });
  /** How often something was pushed to a repository, as far as registries have told. */
  const pushes = createLruCache<number>({ entries: limits.candidateLists });
  const pushesTo = (repository: Repository): number => pushes.get(repositoryKey(repository)) ?? 0;

  const ask = async (
    place: ReadPlace,
    wanted: ListWanted & Before,
    reading: Reading,
    key: string,
  ): Promise<ListedCandidates | RegistryFailure> => {
    const { repository, outage } = place;
    if (outage !== undefined) return outage;
    const { host } = repository;
    const pushed = pushesTo(repository);
    const at = clock.monotonic();
    const plan = { key: `${key} ${pushed}`, host, stage: 'referrers' } as const;
    const list = settled(await sharedReads.do(plan, reading, (shared) => read(parts, place, wanted, shared)));
    if ('kind' in list) return list;
    const listed = { ...list, at };
    if (isKept(list)) kept.set(key, { listed, pushes: pushed }, weightOf(list) + 2 * key.length);
    return listed;
  };

  return {
    list: async (place, wanted, reading) => {
      const { repository, credential } = place;
      const account = accountKey({ repository, credential: credential.key });
      const key = `candidates ${wanted.source} ${wanted.digest} ${account}`;
      const found = kept.get(key);
      const before = found?.listed;
      const age = before === undefined ? Infinity : clock.monotonic() - before.at;
      if (before !== undefined && found?.pushes === pushesTo(repository) && age <= wanted.maxAge)
        return before;
      const list = await ask(place, { ...wanted, before }, reading, key);
      if (!('kind' in list)) return list;
      const standsIn = before !== undefined && isOutage(list) && age <= limits.outageTime;
      return { ...(standsIn ? before : { ...nothing, at: clock.monotonic() }), failure: list };
    },
    pushedTo: (repository) => pushes.set(repositoryKey(repository), pushesTo(repository) + 1),
    pushesTo,
  };
};
