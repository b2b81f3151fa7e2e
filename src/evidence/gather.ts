import type { Clock } from '../concurrency/clock.ts';
import { absent, known, type Fact } from '../core/facts/fact.ts';
import { isDigestOnly, needsIn } from '../core/facts/evidence-kind.ts';
import type { ImageNeeds, KindId } from '../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../core/facts/image-evidence.ts';
import type { ImageReference } from '../core/image/reference.ts';
import { createAccessBook, nameKey, repositoryKey } from './cache/access-grants.ts';
import { createCandidateList, type CandidateList } from './credential/candidate-list.ts';
import { createSharedReads } from './singleflight/singleflight.ts';
import { mapLimitByKey } from '../concurrency/map-limit.ts';
import { defaultEvidenceLimits, type EvidenceLimits } from './limits.ts';
import { createEventLoopYield } from '../concurrency/event-loop-yield.ts';
import type { EvidenceParts } from './parts.ts';
import type { ContentStore, Keychain, ManifestName, PullContext, Registry, Repository } from './ports.ts';
import { createReadBudget, type Reading } from './registry/read-budget.ts';
import type { CreateProvider, EvidenceProvider, ResolvedImage } from './provider.ts';
import { askerOf, createRecollections, placeOf, type Recollections } from './cache/answer-cache.ts';
import { resolve, type Reached, type Resolution } from './registry/resolve.ts';
import { askerFor } from './singleflight/shared-asker.ts';

/** One image text of a review and what its checks need to know. */
export interface EvidenceRequest {
  readonly image: ImageReference;
  readonly needs: ImageNeeds;
}

/** Obtains evidence: each tag resolved once, each digest read once, under one deadline. */
export interface Evidence {
  /**
   * The same answers, when all of them were given to this context a moment ago: at once, without any I/O.
   * @returns `undefined`: gather them. Absent: nothing is remembered here
   */
  recall?(
    requests: readonly EvidenceRequest[],
    context: PullContext | undefined,
  ): readonly ImageEvidence[] | undefined;
  /** @returns one answer a request, in the same order; never rejects. What was not there in time is `unavailable`. */
  gather(
    requests: readonly EvidenceRequest[],
    context: PullContext | undefined,
    signal: AbortSignal,
  ): Promise<readonly ImageEvidence[]>;
}

export interface EvidenceSources {
  readonly registry: Registry;
  readonly keychain: Keychain;
  readonly content: ContentStore;
  readonly clock: Clock;
  /** The kinds of evidence that can be asked for. */
  readonly providers: readonly CreateProvider[];
  /** Whether the operator has named a host; absent: no host is known to be. */
  readonly hasRow?: (host: string) => boolean;
  /** What differs from {@link defaultEvidenceLimits}. */
  readonly limits?: Partial<EvidenceLimits>;
}

/** What lives as long as the process. */
interface Room {
  readonly parts: EvidenceParts;
  readonly keychain: Keychain;
  readonly providers: ReadonlyMap<KindId, EvidenceProvider>;
  readonly recollections: Recollections;
}

/** What lives as long as one review. */
interface Review {
  /** {@link askerOf} */
  readonly asker: string;
  readonly reading: Reading;
  /** The manifest of a name, asked for once in a review however many texts mean it (B1). */
  resolveOnce(repository: Repository, name: ManifestName): Promise<Resolution>;
  close(): void;
}

const openReview = (room: Room, context: PullContext | undefined, signal: AbortSignal): Review => {
  const reading = createReadBudget(signal, room.parts.limits.reviewBytes, askerFor(context?.namespace ?? ''));
  const lists = new Map<string, CandidateList>();
  const resolutions = new Map<string, Promise<Resolution>>();

  const candidatesOf = (repository: Repository, key: string): CandidateList => {
    const open = lists.get(key);
    if (open !== undefined) return open;
    const list = createCandidateList(room.keychain, repository, context, signal);
    lists.set(key, list);
    return list;
  };
  return {
    asker: askerOf(context),
    reading,
    resolveOnce: (repository, name) => {
      const place = repositoryKey(repository);
      const key = place + nameKey(name);
      const asked = resolutions.get(key);
      if (asked !== undefined) return asked;
      const resolution = resolve(room.parts, { repository, name }, candidatesOf(repository, place), reading);
      resolutions.set(key, resolution);
      return resolution;
    },
    close: () => {
      for (const list of lists.values()) list.close();
    },
  };
};

/** A digest in the text is what is judged, whatever the tag beside it stands for: the tag is never asked (B2). */
const nameOf = ({ digest, tag = 'latest' }: ImageReference): ManifestName =>
  digest === undefined ? { tag } : { digest };

/** Whoever names a digest and asks for nothing else has all there is to know. */
const withoutNetwork = ({ image: { digest }, needs }: EvidenceRequest): ImageEvidence | undefined =>
  digest !== undefined && isDigestOnly(needs) ? { pinned: known(digest), facts: {}, tried: [] } : undefined;

/** How old the result is that stands in, and whether the cause of that is excusable (R25). */
const staleness = ({ staleFor, outage }: Reached): Pick<ImageEvidence, 'staleFor' | 'excusable'> => {
  if (staleFor === undefined) return {};
  return outage?.excusable === true ? { staleFor, excusable: true } : { staleFor };
};

/** What the providers find out about a resolved image, all at the same time, and how that may be kept. */
const gatherFacts = async (
  { providers }: Room,
  image: ResolvedImage,
  needs: ImageNeeds,
  reading: Reading,
): Promise<
  Pick<ImageEvidence, 'facts' | 'claims'> & { readonly keepFor: number; readonly bytes: number }
> => {
  const answers = await Promise.all(
    needsIn(needs).map(async ({ kind, wanted }) => {
      const provider = providers.get(kind.id);
      // Without a provider there is no fact, and whoever reads it finds "not asked": a defect, which denies.
      return provider === undefined
        ? []
        : [[kind.id, await provider.gather(image, wanted, reading)] as const];
    }),
  );
  const gathered = answers.flat();
  const claims = gathered.flatMap(([, answer]) => answer.claims ?? []);
  return {
    facts: Object.fromEntries(gathered.map(([id, { fact }]) => [id, fact])),
    ...(claims.length === 0 ? {} : { claims }),
    keepFor: Math.min(...gathered.map(([, { keepFor }]) => keepFor)),
    bytes: gathered.reduce((sum, [, { bytes }]) => sum + bytes, 0),
  };
};

const answer = async (room: Room, review: Review, request: EvidenceRequest): Promise<ImageEvidence> => {
  const free = withoutNetwork(request);
  if (free !== undefined) return free;
  const { image, needs } = request;
  const { host, repository: path, digest } = image;
  const repository = { host, repository: path };
  const name = nameOf(image);
  const resolution = await review.resolveOnce(repository, name);
  const { tried } = resolution;
  if (resolution.state !== 'known') {
    const fact: Fact<never> =
      resolution.state === 'absent' ? absent : { state: 'unavailable', why: resolution.why };
    const facts = Object.fromEntries(needsIn(needs).map(({ kind }) => [kind.id, fact]));
    return { pinned: digest === undefined ? fact : known(digest), facts, tried };
  }
  const { reached } = resolution;
  const pinned = known(digest ?? reached.digest);
  const { keepFor, bytes, ...found } = await gatherFacts(
    room,
    { repository, reached },
    needs,
    review.reading,
  );
  const evidence: ImageEvidence = { pinned, ...found, tried, ...staleness(reached) };
  if (keepFor > 0 && reached.outage === undefined) {
    const account = { repository, credential: reached.credential.key };
    room.recollections.keep(review.asker, image, { evidence, needs, account, name, keepFor, bytes });
  }
  return evidence;
};

/** For each request what this context was told about it a moment ago. */
const recallEach = (
  { recollections }: Room,
  requests: readonly EvidenceRequest[],
  asker: string,
): readonly (ImageEvidence | undefined)[] =>
  requests.map(
    (request) => withoutNetwork(request) ?? recollections.find(asker, request.image, request.needs),
  );

/**
 * Gathers what is not recalled. Where one request about an image has to be asked, all of this review about that image
 * are: one recalled and one asked, a tag could have two digests (B1).
 */
const gatherRest = (
  room: Room,
  review: Review,
  requests: readonly EvidenceRequest[],
): Promise<readonly ImageEvidence[]> => {
  const recalled = recallEach(room, requests, review.asker);
  const places = requests.map(({ image }) => placeOf(image));
  const asked = new Set(places.filter((_, at) => recalled[at] === undefined));
  // Attack: images of a silent host beside a bad one, so that there is no time left to look at that one.
  const hostOf = ([, { image }]: readonly [number, EvidenceRequest]): string => image.host;
  return mapLimitByKey(
    [...requests.entries()],
    hostOf,
    room.parts.limits.imagesAtOnce,
    async ([at, request]) => {
      const known = asked.has(places[at] ?? '') ? undefined : recalled[at];
      return known ?? answer(room, review, request);
    },
  );
};

/**
 * The evidence room: every tag resolved once a review, every digest read once, what is shared behind a proof of access.
 * Registry, keychain and store may be slow, broken or hostile; a deadline, a budget and a bound stand around each.
 */
export const createEvidence = (sources: EvidenceSources): Evidence => {
  const { registry, keychain, content, clock, hasRow = () => false } = sources;
  const limits = { ...defaultEvidenceLimits, ...sources.limits };
  const access = createAccessBook(limits, clock);
  const sharedReads = createSharedReads(limits, clock, hasRow);
  const recollections = createRecollections(limits, access, clock);
  const eventLoop = createEventLoopYield();
  const parts: EvidenceParts = { registry, content, access, sharedReads, clock, limits, hasRow };
  const providers = new Map(
    sources.providers.map((create) => {
      const provider = create({ registry, content, sharedReads, eventLoop, clock, limits });
      return [provider.kind.id, provider];
    }),
  );
  const room: Room = { parts, keychain, providers, recollections };
  return {
    recall: (requests, context) => {
      const recalled = recallEach(room, requests, askerOf(context));
      const isKnown = (one: ImageEvidence | undefined): one is ImageEvidence => one !== undefined;
      return recalled.every(isKnown) ? recalled : undefined;
    },
    gather: async (requests, context, signal) => {
      const review = openReview(room, context, signal);
      try {
        return await gatherRest(room, review, requests);
      } finally {
        review.close();
      }
    },
  };
};
