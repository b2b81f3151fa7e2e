import type { Clock } from '../concurrency/clock.ts';
import { known, type Fact } from '../core/facts/fact.ts';
import {
  isDigestOnly,
  needsIn,
  type FactOf,
  type ImageNeeds,
  type KindId,
} from '../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../core/facts/image-evidence.ts';
import type { ImageReference } from '../core/image/reference.ts';
import { createAccessGrants, nameKey, repositoryKey } from './cache/access-grants.ts';
import { createCredentialOffers, type CredentialOffers } from './credential/credential-offers.ts';
import { createCandidateLists } from './candidate/candidate-list.ts';
import { createSharedReads } from './single-flight/shared-reads.ts';
import { mapLimitByKey } from '../concurrency/map-limit.ts';
import { defaultEvidenceLimits, type EvidenceLimits } from './limits.ts';
import { createEventLoopYield } from '../concurrency/yield.ts';
import type { ContentStore, Keychain, ManifestName, PullContext, Registry, Repository } from './ports.ts';
import { createReadBudget, type Reading } from './resolve/read-budget.ts';
import type { CreateProvider, EvidenceProvider, OffersFor } from './provider.ts';
import { createAskRegistry } from './resolve/ask-registry.ts';
import { createAnswerCache, imageKey, pullContextKey, type AnswerCache } from './cache/answer-cache.ts';
import type { ResolvedImage } from './resolve/attempts.ts';
import { createResolve, type Resolution, type Resolve } from './resolve/resolve.ts';
import { requesterFor } from './single-flight/shared-requester.ts';

/** One image text of a review and what its checks need to know. */
export interface EvidenceRequest {
  readonly image: ImageReference;
  readonly needs: ImageNeeds;
}

/** Obtains evidence: each tag resolved once, each digest read once, under one deadline. */
export interface Evidence {
  /**
   * The cached answers for this context, without any I/O.
   * @returns `undefined` when one of them is not cached: call `gather`. The method is absent where nothing is cached
   */
  cached?(
    requests: readonly EvidenceRequest[],
    context: PullContext | undefined,
  ): readonly ImageEvidence[] | undefined;
  /** Something was pushed to the repository: what was not beside its images a moment ago may be there now. */
  pushedTo?(repository: Repository): void;
  /** @returns one answer for each request, in the same order; never rejects. What comes too late is `unavailable`. */
  gather(
    requests: readonly EvidenceRequest[],
    context: PullContext | undefined,
    signal: AbortSignal,
  ): Promise<readonly ImageEvidence[]>;
}

interface EvidenceSources {
  readonly registry: Registry;
  readonly keychain: Keychain;
  readonly content: ContentStore;
  readonly clock: Clock;
  /** The kinds of evidence that can be asked for. */
  readonly providers: readonly CreateProvider[];
  /** Whether the operator has named a host. Absent: the operator has named none. */
  readonly hasRow?: (host: string) => boolean;
  /** Limits that differ from {@link defaultEvidenceLimits}. */
  readonly limits?: Partial<EvidenceLimits>;
}

/** The state of one review. */
interface Review {
  /** {@link pullContextKey} */
  readonly contextKey: string;
  readonly reading: Reading;
  readonly offersFor: OffersFor;
  /** Resolves a name. Each name is resolved once per review, however many image texts stand for it (B1). */
  resolveOnce(repository: Repository, name: ManifestName): Promise<Resolution>;
  close(): void;
}

const openReview = (
  resolve: Resolve,
  keychain: Keychain,
  context: PullContext | undefined,
  reading: Reading,
): Review => {
  const lists = new Map<string, CredentialOffers>();
  const resolutions = new Map<string, Promise<Resolution>>();
  const offersFor = (repository: Repository): CredentialOffers => {
    const key = repositoryKey(repository);
    const open = lists.get(key);
    if (open !== undefined) return open;
    const list = createCredentialOffers(keychain, repository, context, reading.signal);
    lists.set(key, list);
    return list;
  };
  return {
    contextKey: pullContextKey(context),
    reading,
    offersFor,
    resolveOnce: (repository, name) => {
      const place = repositoryKey(repository);
      const key = place + nameKey(name);
      const asked = resolutions.get(key);
      if (asked !== undefined) return asked;
      const resolution = resolve({ repository, name }, offersFor(repository), reading);
      resolutions.set(key, resolution);
      return resolution;
    },
    close: () => {
      for (const list of lists.values()) list.close();
    },
  };
};

/** Where the text has a digest, the digest is judged. A tag beside it is never looked up (B2). */
const nameOf = ({ digest, tag = 'latest' }: ImageReference): ManifestName =>
  digest === undefined ? { tag } : { digest };

/** The answer to a request that names a digest and needs nothing else. */
const withoutNetwork = ({ image: { digest }, needs }: EvidenceRequest): ImageEvidence | undefined =>
  digest !== undefined && isDigestOnly(needs) ? { pinned: known(digest), facts: {}, tried: [] } : undefined;

/** The age of a cached result that is used in an outage, and whether the outage is excusable (R25). */
const staleness = ({ staleFor, outage }: ResolvedImage): Pick<ImageEvidence, 'staleFor' | 'excusable'> => {
  if (staleFor === undefined) return {};
  return outage?.excusable === true ? { staleFor, excusable: true } : { staleFor };
};

type Providers = ReadonlyMap<KindId, EvidenceProvider>;

/** Asks all needed providers about a resolved image concurrently, and says how long their facts may be cached. */
const askProviders = async (
  providers: Providers,
  resolved: ResolvedImage,
  needs: ImageNeeds,
  { reading, offersFor }: Review,
): Promise<
  Pick<ImageEvidence, 'facts' | 'claims'> & { readonly keepFor: number; readonly bytes: number }
> => {
  // Without a provider there is no fact. A check that reads it finds "not asked", which is a defect and denies.
  const list = needsIn(needs);
  const answers = await Promise.all(
    list.map(async (need) => providers.get(need.kind.id)?.gather(resolved, need, reading, offersFor)),
  );
  const facts: Record<string, Fact<FactOf<KindId>>> = {};
  const claims: string[] = [];
  let keepFor = Infinity;
  let bytes = 0;
  for (const [at, { kind }] of list.entries()) {
    const answer = answers[at];
    if (answer === undefined) continue;
    facts[kind.id] = answer.fact;
    claims.push(...(answer.claims ?? []));
    keepFor = Math.min(keepFor, answer.keepFor);
    bytes += answer.bytes;
  }
  return { facts, ...(claims.length === 0 ? {} : { claims }), keepFor, bytes };
};

/** Resolves the name of one image. Then every needed provider gathers its fact about the manifest. */
const gatherImage = async (
  providers: Providers,
  answers: AnswerCache,
  review: Review,
  request: EvidenceRequest,
): Promise<ImageEvidence> => {
  const { image, needs } = request;
  const { host, repository: path, digest } = image;
  const repository = { host, repository: path };
  const name = nameOf(image);
  const { manifest, tried } = await review.resolveOnce(repository, name);
  if (manifest.state !== 'known') {
    const facts = Object.fromEntries(needsIn(needs).map(({ kind }) => [kind.id, manifest]));
    return { pinned: digest === undefined ? manifest : known(digest), facts, tried };
  }
  const resolved = manifest.value;
  const { keepFor, bytes, ...found } = await askProviders(providers, resolved, needs, review);
  const pinned = known(digest ?? resolved.image.digest);
  const evidence: ImageEvidence = { pinned, ...found, tried, ...staleness(resolved) };
  if (keepFor <= 0 || resolved.outage !== undefined) return evidence;
  const account = { repository, credential: resolved.credential.key };
  return answers.keep(review.contextKey, image, { evidence, needs, account, name, keepFor, bytes });
};

/**
 * Obtains evidence: every tag is resolved once per review, every digest is read once, and shared content needs an access grant.
 * Registry, keychain and store may be slow, broken or hostile; a deadline, a budget and a bound stand around each.
 */
export const createEvidence = (sources: EvidenceSources): Evidence => {
  const { registry, keychain, content, clock, hasRow = () => false } = sources;
  const limits = { ...defaultEvidenceLimits, ...sources.limits };
  const grants = createAccessGrants(limits, clock);
  const sharedReads = createSharedReads(limits, clock, hasRow);
  const answers = createAnswerCache(limits, grants, clock);
  const candidateLists = createCandidateLists({ registry, content, sharedReads, clock, limits });
  const eventLoop = createEventLoopYield();
  const askRegistry = createAskRegistry({ registry, content, grants, sharedReads, limits, hasRow });
  const resolve = createResolve({ askRegistry, grants, clock, limits });
  const providers = new Map(
    sources.providers.map((create) => {
      const provider = create({ registry, content, sharedReads, candidateLists, eventLoop, clock, limits });
      return [provider.kind.id, provider];
    }),
  );
  const isCurrent = ({ facts }: ImageEvidence): boolean => {
    for (const [id, provider] of providers) {
      const fact = provider.isCurrent === undefined ? undefined : facts[id];
      if (fact?.state === 'known' && provider.isCurrent?.(fact.value) !== true) return false;
    }
    return true;
  };
  const findAnswer = (contextKey: string, { image, needs }: EvidenceRequest): ImageEvidence | undefined => {
    const found = answers.find(contextKey, image, needs);
    return found !== undefined && isCurrent(found) ? found : undefined;
  };
  const cachedAnswers = (
    requests: readonly EvidenceRequest[],
    contextKey: string,
  ): readonly (ImageEvidence | undefined)[] =>
    requests.map((request) => withoutNetwork(request) ?? findAnswer(contextKey, request));
  return {
    pushedTo: (repository) => candidateLists.pushedTo(repository),
    cached: (requests, context) => {
      const cached = cachedAnswers(requests, pullContextKey(context));
      const isKnown = (one: ImageEvidence | undefined): one is ImageEvidence => one !== undefined;
      return cached.every(isKnown) ? cached : undefined;
    },
    gather: async (requests, context, signal) => {
      const reading = createReadBudget(signal, limits.reviewBytes, requesterFor(context?.namespace ?? ''));
      const review = openReview(resolve, keychain, context, reading);
      // When one request about an image is not cached, all requests of this review about that image are gathered anew.
      // If one came from the cache and one did not, a tag could have two digests (B1).
      const cached = cachedAnswers(requests, review.contextKey);
      const keys = requests.map(({ image }) => imageKey(image));
      const asked = new Set(keys.filter((_, at) => cached[at] === undefined));
      // Attack: an object names images of a silent host beside a bad image, so that no time is left for the bad one.
      const hostOf = ([, { image }]: readonly [number, EvidenceRequest]): string => image.host;
      const gatherOne = ([at, request]: readonly [number, EvidenceRequest]): Promise<ImageEvidence> => {
        const known = asked.has(keys[at] ?? '') ? withoutNetwork(request) : cached[at];
        return known === undefined
          ? gatherImage(providers, answers, review, request)
          : Promise.resolve(known);
      };
      try {
        return await mapLimitByKey([...requests.entries()], hostOf, limits.imagesAtOnce, gatherOne);
      } finally {
        review.close();
      }
    },
  };
};
