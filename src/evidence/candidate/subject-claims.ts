import type { AttestationNeed, ClaimNeed } from '../../core/facts/claim-need.ts';
import type { Claim, SubjectClaims } from '../../core/facts/claim.ts';
import { algorithmOf, type Digest } from '../../core/image/digest.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import { digestOf } from '../content-digest.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { OffersFor, ProviderParts } from '../provider.ts';
import { readPlaceOf } from '../read-content.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { Preference } from './candidate.ts';
import type { RootsInForce } from './claim-basis.ts';
import { searchLocations } from './claim-locations.ts';
import type { ClaimSearch, GatherParts } from './gather-claims.ts';
import type { ClaimBasis } from './judge-candidate.ts';
import type { CandidateBounds } from './read-candidate.ts';

/** One of the two kinds of evidence that candidates give. */
export interface ClaimKind<C extends Claim, N extends ClaimNeed<C>> {
  readonly id: string;
  readonly says: C['says'];
  readonly isClaim: (claim: Claim) => claim is C;
  /** What comes first. */
  preference(need: N, about: Digest): Preference;
  /** Whether bare statements count, by who signed what holds them. */
  readonly takesStatements: boolean;
  /** Present: package lists that are attested are read too. */
  readonly packages?: 'signed';
  /** Whether what is said of an index counts for the images in it. */
  readonly covers: boolean;
  bounds(limits: EvidenceLimits): CandidateBounds;
  expressions(need: N): AttestationNeed['expressions'];
}

/** One image, or index, that candidates have to speak for. */
interface Subject {
  readonly digest: Digest;
  readonly manifest: Uint8Array;
  /** Of an image: the named index, where it lists candidates beside its images. */
  readonly index?: NonNullable<ClaimSearch['index']>;
}

/**
 * A subject of which nothing was found yet. Attack: an image is revoked by its sha256, and the workload names the same bytes
 * by sha512, for which a message signature over them stands as well.
 */
export const nothingSaid = <C extends Claim>(digest: Digest, manifest: Uint8Array): SubjectClaims<C> => ({
  digest,
  ...(algorithmOf(digest) !== 'sha256' && { sha256: digestOf(manifest, 'sha256') }),
  claims: [],
  rejected: [],
  sources: [],
  left: 0,
});

/** One question about one image, and whoever asks it. */
export interface ClaimQuestion<N> {
  readonly resolved: ResolvedImage;
  readonly need: N;
  /** Equal for equal needs of one kind, and for no others. */
  readonly needKey: string;
  readonly roots: RootsInForce;
  readonly basis: ClaimBasis;
  readonly reading: Reading;
  readonly offersFor: OffersFor;
  /** What the answer rests on: when the oldest list was read, by the monotonic clock. */
  readonly rests: { listedAt: number };
}

/** What the search for one kind of claims works with. */
export interface ClaimSearcher<C extends Claim, N extends ClaimNeed<C>> {
  readonly settings: ClaimKind<C, N>;
  readonly parts: ProviderParts;
  readonly gatherParts: GatherParts;
}

/** Whether all that is asked of one image is said, or found. */
const isEvery = <C extends Claim, N extends ClaimNeed<C>>(
  what: 'isMet' | 'isFound',
  { settings, parts }: ClaimSearcher<C, N>,
  { need, resolved }: Pick<ClaimQuestion<N>, 'need' | 'resolved'>,
  claims: readonly Claim[],
): boolean => {
  const about = { now: parts.clock.now(), repository: repositoryKey(resolved.image) };
  const counting = claims.filter(settings.isClaim);
  return need.demands.length > 0 && need.demands.every((demand) => demand[what](counting, about));
};

/** Whether all that is asked of one image is said. */
export const isMet = <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: Pick<ClaimQuestion<N>, 'need' | 'resolved'>,
  claims: readonly Claim[],
): boolean => isEvery('isMet', searcher, question, claims);

/** Equal for the same claims about one digest, in whichever order they were found. */
const namesOf = (claims: readonly Claim[]): readonly string[] =>
  [...new Set(claims.map(({ candidate, location }) => `${candidate} ${location}`))].sort();

/** @param before - what was said of the index that names the image, where that counts for it */
export const claimsAbout = async <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: ClaimQuestion<N>,
  subject: Subject,
  before: readonly C[],
): Promise<SubjectClaims<C>> => {
  const { settings, gatherParts } = searcher;
  const { id, isClaim } = settings;
  const { digest, manifest, index } = subject;
  const { resolved, need, needKey, basis, reading, offersFor } = question;
  const preference = settings.preference(need, digest);
  const place = { image: readPlaceOf(resolved), locations: need.locations, offersFor };
  const { listedAt, ...found } = await searchLocations(gatherParts, place, {
    basis,
    subject: { digest, manifest },
    sources: [preference.tag, 'referrers', 'referrers-tag'],
    preference,
    ...(index !== undefined && { index }),
    isMet: (claims) => isMet(searcher, question, [...before, ...claims]),
    isFound: (claims) => isEvery('isFound', searcher, question, [...before, ...claims]),
    // It ends early by what is asked, and by what was said of the index, which may list candidates too. Not all who ask about
    // the index may read the same of it.
    key: [
      id,
      needKey,
      before.length > 0 || index !== undefined ? resolved.image.digest : '',
      ...namesOf(before),
    ].join(' '),
    reading,
  });
  question.rests.listedAt = Math.min(question.rests.listedAt, listedAt);
  // A claim of the other kind is none (S4).
  return { ...nothingSaid(digest, manifest), ...found, claims: found.claims.filter(isClaim) };
};
