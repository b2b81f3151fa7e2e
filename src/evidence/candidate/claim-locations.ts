import { waitAtMost } from '../../concurrency/abort.ts';
import { locationOf } from '../../core/facts/claim-location.ts';
import { known } from '../../core/facts/fact.ts';
import { parseReference } from '../../core/image/reference.ts';
import { shown } from '../../core/text/shown-text.ts';
import { accountKey, repositoryKey } from '../cache/access-grants.ts';
import type { CredentialOffers } from '../credential/credential-offers.ts';
import type { Credential, Repository } from '../ports.ts';
import type { OffersFor } from '../provider.ts';
import type { ReadPlace } from '../read-content.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import type { FoundClaims } from './found-claims.ts';
import { gatherClaims, type ClaimSearch, type GatherParts } from './gather-claims.ts';

/** Candidates for one image, wherever they stand. */
export interface SubjectSearch extends Omit<ClaimSearch, 'place'> {
  /** Equal for equal questions about one image. */
  readonly key: string;
}

/** Where candidates may stand, and the credentials of the caller. */
interface Locations {
  /** Where the image was read. */
  readonly image: ReadPlace;
  /** Templates. */
  readonly locations: readonly string[];
  readonly offersFor: OffersFor;
}

const nothing: FoundClaims = { claims: [], rejected: [], sources: [], left: 0, listedAt: Infinity };
const together = (all: readonly FoundClaims[]): FoundClaims => ({
  claims: all.flatMap(({ claims }) => claims),
  rejected: all.flatMap(({ rejected }) => rejected),
  sources: all.flatMap(({ sources }) => sources),
  left: all.reduce((sum, { left }) => sum + left, 0),
  listedAt: Math.min(...all.map(({ listedAt }) => listedAt)),
});

/** The repository in which a location lies; `undefined`: it names none for this image. */
const repositoryIn = (location: string): Repository | undefined => {
  const parsed = parseReference(location);
  if (!parsed.ok) return undefined;
  const { host, repository, tag, digest } = parsed.value;
  return tag === undefined && digest === undefined ? { host, repository } : undefined;
};

const unlooked = ({ sources }: SubjectSearch, location: string, why: string): FoundClaims => {
  const unavailable = { what: shown(`candidates at ${location}`), why };
  return {
    ...nothing,
    sources: sources.map((source) => ({ source, location, state: 'unavailable', why: unavailable })),
  };
};

/** One search for all who ask the same of the same image with the same credential. */
const searchAt = async (
  parts: GatherParts,
  search: SubjectSearch,
  place: ReadPlace,
): Promise<FoundClaims> => {
  const { repository, credential } = place;
  const { subject, basis, sources, key } = search;
  const state = place.outage === undefined ? 'claims' : 'held claims';
  const account = accountKey({ repository, credential: credential.key });
  const plan = {
    key: `${state} ${subject.digest} ${account}\n${basis.key} ${key}`,
    host: repository.host,
    stage: 'referrers',
  } as const;
  const answer = await parts.parts.sharedReads.do(plan, search.reading, async (reading) =>
    known(await gatherClaims(parts, { ...search, place, reading })),
  );
  if (answer.state === 'known') return answer.value;
  if (answer.state === 'absent') return nothing;
  const why = unavailableText(answer.why, credential.source, 0);
  const location = repositoryKey(repository);
  return {
    ...nothing,
    sources: sources.map((source) => ({ source, location, state: 'unavailable', why })),
  };
};

const isNothing = ({ claims, rejected, left }: FoundClaims): boolean =>
  claims.length === 0 && rejected.length === 0 && left === 0;
const couldLook = ({ sources }: FoundClaims): boolean =>
  sources.every(({ state }) => state !== 'unavailable');

/** The credentials that are at hand, as many as are tried. */
async function* credentialsIn(offers: CredentialOffers, most: number): AsyncGenerator<Credential> {
  let tried = 0;
  for (let at = 0; tried < most; at++) {
    const offer = await offers.at(at);
    if (offer === undefined || offer === 'timed-out') return;
    if (offer.state === 'missing') continue;
    tried += 1;
    yield offer.credential;
  }
}

/**
 * S12: the credentials of the Pod for that repository, in their order. Registries answer "not there" for what a credential
 * may not see, so one that finds nothing goes on to the next.
 */
const searchElsewhere = async (
  parts: GatherParts,
  { image, offersFor }: Locations,
  search: SubjectSearch,
  repository: Repository,
): Promise<FoundClaims> => {
  const outage =
    image.outage !== undefined && image.repository.host === repository.host ? { outage: image.outage } : {};
  let best: FoundClaims | undefined;
  for await (const credential of credentialsIn(offersFor(repository), parts.parts.limits.credentials)) {
    const found = await searchAt(parts, search, { repository, credential, ...outage });
    if (!isNothing(found)) return found;
    // That one of them could look says more than that another could not.
    if (best === undefined || couldLook(found)) best = found;
  }
  return best ?? unlooked(search, repositoryKey(repository), 'there is no credential to ask with');
};

const searchLocation = (
  parts: GatherParts,
  locations: Locations,
  search: SubjectSearch,
  template: string,
): Promise<FoundClaims> => {
  const beside = repositoryKey(locations.image.repository);
  const location = locationOf(template, beside);
  if (location === beside) return searchAt(parts, search, locations.image);
  const repository = repositoryIn(location);
  return repository === undefined
    ? Promise.resolve(unlooked(search, location, 'that is no name of a repository'))
    : searchElsewhere(parts, locations, search, repository);
};

/**
 * Looks at each location in turn, and not at the next ones when what was found is enough. One that is slow does not keep the
 * next ones waiting (S2).
 */
export const searchLocations = async (
  parts: GatherParts,
  locations: Locations,
  search: SubjectSearch,
): Promise<FoundClaims> => {
  const [first, ...others] = locations.locations;
  // Whether that is enough decides nothing here, and costs each of a crowd of reviews that wait for one search.
  if (first !== undefined && others.length === 0) return searchLocation(parts, locations, search, first);
  const found: FoundClaims[] = [];
  const looks: Promise<void>[] = [];
  const { candidateTime } = parts.parts.limits;
  for (const template of locations.locations) {
    const look = searchLocation(parts, locations, search, template).then((one) => {
      found.push(one);
    });
    looks.push(look);
    const isLast = looks.length === locations.locations.length;
    await (isLast ? look : waitAtMost(look, 2 * candidateTime));
    if (await search.isMet(together(found).claims)) return together(found);
  }
  await Promise.all(looks);
  return together(found);
};
