import type { Claim, ClaimFacts, PlatformClaims, SubjectClaims } from '../../core/facts/claim.ts';
import { besideImage } from '../../core/facts/claim-location.ts';
import { claimLines } from '../../core/facts/claim-text.ts';
import type { AttestationNeed, ClaimNeed } from '../../core/facts/claim-need.ts';
import { known, unavailableBy } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { attestationManifestsIn } from '../../core/oci/attestation-manifest.ts';
import { readManifestDocument } from '../../core/oci/manifest-document.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import { createTtlCache } from '../../concurrency/ttl-cache.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { Gathered, OffersFor, ProviderParts } from '../provider.ts';
import { readContent, readPlaceOf } from '../read-content.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import type { Reading } from '../resolve/read-budget.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import type { TrustRoots } from '../trust/trust-root.ts';
import type { CandidateVerifier } from '../verify/verification.ts';
import type { Candidate, Preference } from './candidate.ts';
import { nobodyObserves, type ClaimObserver } from './claim-observer.ts';
import { basisOf, rootsOf, type RootsInForce } from './claim-basis.ts';
import { searchLocations } from './claim-locations.ts';
import type { ClaimSearch, GatherParts } from './gather-claims.ts';
import { imagesBehind, type IndexImage } from './index-images.ts';
import { createJudgeCandidate, type ClaimBasis } from './judge-candidate.ts';
import { createJudgeStatements } from './judge-statements.ts';
import { signatureBounds, type CandidateBounds } from './read-candidate.ts';
import { createUsualSources } from './usual-sources.ts';

/** What verifies candidates, and whom it believes. */
export interface ClaimSources {
  readonly verifier: CandidateVerifier;
  readonly trustRoots: TrustRoots;
  readonly observer?: ClaimObserver;
}

/** One of the two kinds of evidence that candidates give. */
export interface ClaimKind<C extends Claim, N extends ClaimNeed<C>> {
  readonly id: string;
  readonly says: C['says'];
  readonly isClaim: (claim: Claim) => claim is C;
  /** What comes first. */
  preference(need: N, about: Digest): Preference;
  /** Whether bare statements count, by who signed what holds them. */
  readonly takesStatements: boolean;
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

/** One question about one image, and whoever asks it. */
interface ClaimQuestion<N> {
  readonly resolved: ResolvedImage;
  readonly need: N;
  /** Equal for equal needs of one kind, and for no others. */
  readonly needKey: string;
  readonly roots: RootsInForce;
  readonly basis: ClaimBasis;
  readonly reading: Reading;
  readonly offersFor: OffersFor;
}

/** An image that is named by an index and cannot be read has nothing that speaks for it (S3). */
const nothingFor = <C extends Claim>({ digest }: IndexImage, location: string): SubjectClaims<C> => ({
  digest,
  claims: [],
  rejected: [
    {
      candidate: digest,
      sources: [],
      location,
      fault: 'unreadable',
      why: 'the index names this image, and it is not there or is not what the index says',
      checks: [],
    },
  ],
  sources: [],
  left: 0,
});

/** What the search for one kind of claims works with. */
interface ClaimSearcher<C extends Claim, N extends ClaimNeed<C>> {
  readonly settings: ClaimKind<C, N>;
  readonly parts: ProviderParts;
  readonly gatherParts: GatherParts;
}

/** Whether all that is asked of one image is said. */
const isMet = <C extends Claim, N extends ClaimNeed<C>>(
  { settings, parts }: ClaimSearcher<C, N>,
  { need, resolved }: ClaimQuestion<N>,
  claims: readonly Claim[],
): boolean => {
  const about = { now: parts.clock.now(), repository: repositoryKey(resolved.image) };
  const counting = claims.filter(settings.isClaim);
  return need.demands.length > 0 && need.demands.every((demand) => demand.isMet(counting, about));
};

/** @param before - what was said of the index that names the image, where that counts for it */
const claimsAbout = async <C extends Claim, N extends ClaimNeed<C>>(
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
  const found = await searchLocations(gatherParts, place, {
    basis,
    subject: { digest, manifest },
    sources: [preference.tag, 'referrers', 'referrers-tag'],
    preference,
    ...(index !== undefined && { index }),
    isMet: (claims) => isMet(searcher, question, [...before, ...claims]),
    // It ends early by what is asked, and by what was said of the index, which may list candidates too.
    key: `${id} ${needKey} ${before.length > 0 || index !== undefined ? resolved.image.digest : ''}`,
    reading,
  });
  // A claim of the other kind is none (S4).
  return { ...found, digest, claims: found.claims.filter(isClaim) };
};

/** What the named index lists beside its images. An index within it is not looked into: nobody names that one. */
const listedIn = (resolved: ResolvedImage, index: Uint8Array, most: number): ClaimSearch['index'] => {
  const listed = new Map<Digest, Candidate>();
  for (const { digest, size, artifactType, annotations } of attestationManifestsIn(index)) {
    // Attack: list it a second time, as about another image. What two entries say is not believed.
    const hints = listed.has(digest)
      ? {}
      : { ...(artifactType && { artifactType }), ...(annotations && { annotations }) };
    listed.set(digest, { digest, size, ...hints, sources: ['index'] });
  }
  if (listed.size === 0) return undefined;
  const place = readPlaceOf(resolved);
  const { digest } = resolved.image;
  const candidates = [...listed.values()].slice(0, most);
  return { kind: 'index', digest, manifest: index, candidates, left: listed.size - candidates.length, place };
};

/** The images behind an index, each with what is said of it. */
const claimsBehind = async <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: ClaimQuestion<N>,
  index: Uint8Array,
  before: readonly C[],
): Promise<RegistryAnswer<readonly PlatformClaims<C>[]>> => {
  const { parts } = searcher;
  const { resolved, need, reading } = question;
  if (need.platforms === 'reference') return known([]);
  const choice = need.platforms;
  const images = await imagesBehind(parts, readPlaceOf(resolved), { index, choice }, reading);
  if (images.state === 'absent') return images;
  if (images.state === 'unavailable') {
    // R25: whoever pushed the index chose what it names.
    const { excusable: _, ...why } = images.why;
    return unavailableBy(why);
  }
  const location = repositoryKey(resolved.image);
  const listed = searcher.settings.takesStatements
    ? listedIn(resolved, index, parts.limits.indexCandidates)
    : undefined;
  const more = listed === undefined ? {} : { index: listed };
  const claims = await mapLimit(images.value, parts.limits.childrenAtOnce, async (image) => {
    const { digest, manifest, platform } = image;
    const found =
      manifest === undefined
        ? nothingFor<C>(image, location)
        : await claimsAbout(searcher, question, { digest, manifest, ...more }, before);
    return platform === undefined ? found : { ...found, platform };
  });
  return known(claims);
};

interface GatheredClaims<C extends Claim> {
  readonly facts: ClaimFacts<C>;
  /** Whether all that is asked is said. */
  readonly isMet: boolean;
}

const gather = async <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: ClaimQuestion<N>,
): Promise<RegistryAnswer<GatheredClaims<C>>> => {
  const { resolved, roots, reading } = question;
  const { digest } = resolved.image;
  const manifest =
    resolved.bytes === undefined
      ? await readContent(searcher.parts, readPlaceOf(resolved), { stage: 'manifest', digest }, reading)
      : known(resolved.bytes);
  if (manifest.state !== 'known') return manifest;
  const document = readManifestDocument(manifest.value);
  const isIndex = document.ok && document.value.shape === 'index';
  const named = await claimsAbout(searcher, question, { digest, manifest: manifest.value }, []);
  const isNamedMet = isMet(searcher, question, named.claims);
  const { covers } = searcher.settings;
  const before = covers ? named.claims : [];
  const isDone = !isIndex || (covers && isNamedMet);
  const platforms = isDone ? known([]) : await claimsBehind(searcher, question, manifest.value, before);
  if (platforms.state !== 'known') return platforms;
  return known({
    facts: {
      repository: repositoryKey(resolved.image),
      digest,
      isIndex,
      named,
      platforms: platforms.value,
      missingRoots: roots.missing,
      trustSnapshots: roots.ids,
    },
    isMet:
      platforms.value.length === 0
        ? isNamedMet
        : platforms.value.every(({ claims }) => isMet(searcher, question, [...before, ...claims])),
  });
};

/** Other locations are read with the offers of each Pod (S12), so what stands there is nobody else's. */
const isBesideImage = ({ locations }: Pick<ClaimNeed<Claim>, 'locations'>): boolean =>
  locations.every((location) => location === besideImage);

/** Equal for one account that asks the same about one image, by the same trust roots (R28). */
const keptKey = (
  { image, credential }: ResolvedImage,
  needKey: string,
  { ids, missing }: RootsInForce,
): string =>
  `${accountKey({ repository: image, credential: credential.key })} ${image.digest} ${needKey} ${JSON.stringify([ids, Object.keys(missing)])}`;

/** What an answer weighs that shares its facts with others. */
const sharedBytes = 256;

/**
 * Gathers what candidates say of an image. Kept are claims, never verdicts: age, expiry and revocation are judged anew each
 * time.
 */
export const createGatherClaims = <C extends Claim, N extends ClaimNeed<C>>(
  settings: ClaimKind<C, N>,
  { verifier, trustRoots, observer = nobodyObserves }: ClaimSources,
  parts: ProviderParts,
) => {
  const bounds = settings.bounds(parts.limits);
  const judging = { parts, verifier, bounds, observer };
  const statements = {
    judge: createJudgeStatements(judging),
    signatures: createJudgeCandidate({ ...judging, bounds: signatureBounds(parts.limits) }),
  };
  const gatherParts = {
    parts,
    observer,
    usualSources: createUsualSources(),
    judge: createJudgeCandidate(judging),
    ...(settings.takesStatements && { statements }),
  };
  const searcher = { settings, parts, gatherParts };
  const { clock, limits } = parts;
  const bound = { entries: limits.claimEntries, weight: limits.claimFactBytes };
  /** Answers that hold all that was asked, for all contexts with one account: they share one object. */
  const kept = createTtlCache<Gathered<ClaimFacts<C>>>(bound, clock);
  return async (
    resolved: ResolvedImage,
    { wanted: need, key: needKey }: { readonly wanted: N; readonly key: string },
    reading: Reading,
    offersFor: OffersFor,
  ): Promise<Gathered<ClaimFacts<C>>> => {
    const began = clock.monotonic();
    const roots = rootsOf(trustRoots, need.trustRoots);
    const isShared = resolved.outage === undefined && isBesideImage(need);
    const key = keptKey(resolved, needKey, roots);
    const before = isShared ? kept.get(key) : undefined;
    if (before !== undefined) return before;
    const basis = basisOf(settings.says, need.keys, roots, settings.expressions(need));
    const answer = await gather(searcher, { resolved, need, needKey, roots, basis, reading, offersFor });
    if (answer.state === 'absent') return { fact: answer, keepFor: 0, bytes: 0 };
    if (answer.state === 'unavailable') {
      const why = unavailableText(answer.why, resolved.credential.source, clock.monotonic() - began);
      return { fact: { state: 'unavailable', why }, keepFor: 0, bytes: 0 };
    }
    const { facts, isMet: isWhole } = answer.value;
    const claims = claimLines(facts);
    // What is not there yet may be pushed at any moment.
    if (!isWhole) return { fact: known(facts), keepFor: 0, bytes: 0, claims };
    const gathered = { fact: known(facts), keepFor: limits.listTime, bytes: sharedBytes, claims };
    if (isShared) kept.set(key, gathered, limits.answerTime, 2 * (key.length + JSON.stringify(facts).length));
    return gathered;
  };
};
