import { locationOf } from '../../facts/claim-location.ts';
import type { Claim, ClaimFacts, PlatformClaims, SubjectClaims } from '../../facts/claim.ts';
import { chosenOf } from '../../facts/platform-choice.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { MultiArch } from '../../policy/schema/schema.ts';
import { shownBriefly } from '../../text/shown-text.ts';

/** What is judged by itself: a digest, with all that speaks for it. */
export interface ClaimSubject<C extends Claim> extends SubjectClaims<C>, Pick<ClaimFacts<C>, 'missingRoots'> {
  /** The platform, for people; absent for what is named. */
  readonly name?: string;
}

/** What a policy judges of the facts, which may hold more, gathered for another policy. */
export interface SubjectChoice {
  readonly multiArch: MultiArch;
  /** Templates of the places where candidates count. */
  readonly locations: readonly string[];
  /**
   * Whether claims about an index count for the images in it: those of signatures do, because the index names each image by
   * digest. An attestation about an index says nothing of how each of its images was built.
   */
  readonly indexCovers: boolean;
}

const maxNameLength = 64;
const nameOf = ({ platform }: PlatformClaims<Claim>): string =>
  platform === undefined ? 'no platform' : shownBriefly(formatPlatform(platform), maxNameLength);

const together = <C extends Claim>(image: SubjectClaims<C>, index: SubjectClaims<C>): SubjectClaims<C> => ({
  ...image,
  claims: [...image.claims, ...index.claims],
  rejected: [...image.rejected, ...index.rejected],
  sources: [...image.sources, ...index.sources],
  left: image.left + index.left,
});

/** The repositories in which candidates count (S12). @param locations templates */
export const placesOf = (locations: readonly string[], repository: string): ReadonlySet<string> =>
  new Set(locations.map((template) => locationOf(template, repository)));

/**
 * What a policy judges: the named digest, or each image behind an index that `multiArch` chooses. An index without such an
 * image is judged by itself, never passed over.
 */
export const subjectsOf = <C extends Claim>(
  { isIndex, named, platforms, repository, missingRoots }: ClaimFacts<C>,
  { multiArch: { mode, platforms: wanted }, locations, indexCovers }: SubjectChoice,
): readonly ClaimSubject<C>[] => {
  const places = placesOf(locations, repository);
  const isHere = ({ location }: { readonly location: string }): boolean => places.has(location);
  // S1: a claim about another digest says nothing of this one, whoever found it.
  const counting = (subject: SubjectClaims<C>): SubjectClaims<C> => ({
    ...subject,
    claims: subject.claims.filter((claim) => claim.about === subject.digest && isHere(claim)),
    rejected: subject.rejected.filter(isHere),
    sources: subject.sources.filter(isHere),
  });
  const itself = counting(named);
  const choice = mode === 'platforms' ? wanted : 'all';
  const chosen =
    mode === 'reference' || !isIndex ? [] : chosenOf(choice, platforms, ({ platform }) => platform);
  if (chosen.length === 0) return [{ ...itself, missingRoots }];
  return chosen.map((image) => ({
    ...(indexCovers ? together(counting(image), itself) : counting(image)),
    missingRoots,
    name: nameOf(image),
  }));
};
