import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';
import { besideImage } from '../../core/facts/claim-location.ts';
import type { ClaimNeed } from '../../core/facts/claim-need.ts';
import { claimLines } from '../../core/facts/claim-text.ts';
import type { Claim, ClaimFacts } from '../../core/facts/claim.ts';
import { known } from '../../core/facts/fact.ts';
import { readManifestDocument } from '../../core/oci/manifest-document.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { Gathered, OffersFor, ProviderParts } from '../provider.ts';
import { readContent, readPlaceOf } from '../read-content.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import type { Reading } from '../resolve/read-budget.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import type { TrustRoots } from '../trust/trust-root.ts';
import type { CandidateVerifier } from '../verify/verification.ts';
import { basisOf, createBases, rootsOf, type RootsInForce } from './claim-basis.ts';
import { nobodyObserves, type ClaimObserver } from './claim-observer.ts';
import { alone, isMetByAll, claimsInIndex } from './index-claims.ts';
import { createJudgeCandidate } from './judge-candidate.ts';
import { createJudgeStatements } from './judge-statements.ts';
import { signatureBounds } from './read-candidate.ts';
import { claimsAbout, type ClaimKind, type ClaimQuestion, type ClaimSearcher } from './subject-claims.ts';
import { createUsualSources } from './usual-sources.ts';

/** What verifies candidates, and whom it believes. */
export interface ClaimSources {
  readonly verifier: CandidateVerifier;
  readonly trustRoots: TrustRoots;
  readonly observer?: ClaimObserver;
}

/** Whether bytes are an index. The same bytes are asked about by each of a crowd of reviews, and read once. */
const areIndex = new WeakMap<Uint8Array, boolean>();
const isIndexIn = (manifest: Uint8Array): boolean => {
  const before = areIndex.get(manifest);
  if (before !== undefined) return before;
  const document = readManifestDocument(manifest);
  const isIndex = document.ok && document.value.shape === 'index';
  areIndex.set(manifest, isIndex);
  return isIndex;
};

const gather = async <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: ClaimQuestion<N>,
): Promise<RegistryAnswer<ClaimFacts<C>>> => {
  const { resolved, roots, reading } = question;
  const { digest } = resolved.image;
  const manifest =
    resolved.bytes === undefined
      ? await readContent(searcher.parts, readPlaceOf(resolved), { stage: 'manifest', digest }, reading)
      : known(resolved.bytes);
  if (manifest.state !== 'known') return manifest;
  const isIndex = isIndexIn(manifest.value);
  const found = isIndex
    ? await claimsInIndex(searcher, question, manifest.value)
    : await claimsAbout(searcher, question, { digest, manifest: manifest.value }, []).then(alone);
  if (found.platforms.state !== 'known') return found.platforms;
  const { named, platforms } = found;
  return known({
    repository: repositoryKey(resolved.image),
    digest,
    isIndex,
    named,
    platforms: platforms.value,
    missingRoots: roots.missing,
    trustSnapshots: roots.ids,
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
 * Facts that hold all that was asked, for all contexts with one account: they share one object. They stand while the lists
 * that they rest on are fresh.
 */
const createKeptFacts = <C extends Claim, N extends ClaimNeed<C>>(searcher: ClaimSearcher<C, N>) => {
  const { candidateLists, clock, limits } = searcher.parts;
  const kept = createTtlCache<{
    readonly gathered: Gathered<ClaimFacts<C>>;
    readonly facts: ClaimFacts<C>;
    readonly pushes: number;
  }>({ entries: limits.claimEntries, weight: limits.claimFactBytes }, clock);
  return {
    find: (
      key: string,
      question: Pick<ClaimQuestion<N>, 'need' | 'resolved'>,
    ): Gathered<ClaimFacts<C>> | undefined => {
      const found = kept.get(key);
      if (found === undefined || found.pushes !== candidateLists.pushesTo(question.resolved.image))
        return undefined;
      const { gathered, facts } = found;
      // Time alone may end what was enough, and then there may be something newer.
      const { demands } = question.need;
      return demands.every(({ isTimeless }) => isTimeless === true) ||
        isMetByAll(searcher, question, facts.named, facts.platforms)
        ? gathered
        : undefined;
    },
    /**
     * @param facts - with all that is asked
     * @param pushes - of before the lists were read
     */
    keep: (
      key: string,
      facts: ClaimFacts<C>,
      gathered: Gathered<ClaimFacts<C>>,
      { listedAt, pushes }: { readonly listedAt: number; readonly pushes: number },
    ): void => {
      const time = Math.max(limits.answerTime, listedAt + limits.listTime - clock.monotonic());
      kept.set(key, { gathered, facts, pushes }, time, 2 * (key.length + JSON.stringify(facts).length));
    },
  };
};

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
  const kept = createKeptFacts(searcher);
  const basisFor = createBases();
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
    const before = isShared ? kept.find(key, { need, resolved }) : undefined;
    if (before !== undefined) return before;
    const rests = { listedAt: began, pushes: parts.candidateLists.pushesTo(resolved.image) };
    const { says, packages } = settings;
    const basis = basisFor(needKey, roots, () => ({
      ...basisOf(says, need.keys, roots, settings.expressions(need)),
      ...(packages !== undefined && { packages }),
    }));
    const question = { resolved, need, needKey, roots, basis, reading, offersFor, rests };
    const answer = await gather(searcher, question);
    if (answer.state === 'absent') return { fact: answer, keepFor: 0, bytes: 0 };
    if (answer.state === 'unavailable') {
      const why = unavailableText(answer.why, resolved.credential.source, clock.monotonic() - began);
      return { fact: { state: 'unavailable', why }, keepFor: 0, bytes: 0 };
    }
    // Others of a crowd that waited for one search come to the same: what the first one has made of it is for all.
    const meanwhile = isShared ? kept.find(key, { need, resolved }) : undefined;
    if (meanwhile !== undefined) return meanwhile;
    const facts = answer.value;
    const claims = claimLines(facts);
    // What is not there yet may be pushed at any moment.
    if (!isMetByAll(searcher, question, facts.named, facts.platforms))
      return { fact: known(facts), keepFor: 0, bytes: 0, claims };
    const gathered = { fact: known(facts), keepFor: limits.listTime, bytes: sharedBytes, claims };
    if (isShared) kept.keep(key, facts, gathered, rests);
    return gathered;
  };
};
