import type { Claim, ClaimFacts, PlatformClaims, SubjectClaims } from '../../facts/claim.ts';
import { chosenOf } from '../../facts/platform-choice.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { MultiArch } from '../../policy/schema/schema.ts';
import { shownBriefly } from '../../text/shown-text.ts';

/** What is judged by itself: a digest, with all that speaks for it. */
export interface ClaimSubject<C extends Claim> extends Pick<
  SubjectClaims<C>,
  'claims' | 'rejected' | 'sources' | 'left'
> {
  /** The platform, for people; absent for what is named. */
  readonly platform?: string;
}

/** S1: a claim about another digest says nothing of this one, whoever found it. */
const aboutItself = <C extends Claim>(subject: SubjectClaims<C>): SubjectClaims<C> => ({
  ...subject,
  claims: subject.claims.filter(({ about }) => about === subject.digest),
});

const maxNameLength = 64;
const nameOf = ({ platform }: PlatformClaims<Claim>): string =>
  platform === undefined ? 'no platform' : shownBriefly(formatPlatform(platform), maxNameLength);

/** Who signs an index signs what stands in it: it names each image by digest. */
const together = <C extends Claim>(image: SubjectClaims<C>, index: SubjectClaims<C>): ClaimSubject<C> => ({
  claims: [...image.claims, ...index.claims],
  rejected: [...image.rejected, ...index.rejected],
  sources: [...image.sources, ...index.sources],
  left: image.left + index.left,
});

/**
 * What a policy judges: the named digest, or each image behind an index that `multiArch` chooses. Facts may hold more,
 * gathered for another policy. An index without such an image is judged by itself, never passed over.
 * @param covers whether claims about the index count for the images in it: those of signatures do. An attestation about an
 * index says nothing of how each of its images was built
 */
export const subjectsOf = <C extends Claim>(
  facts: ClaimFacts<C>,
  { mode, platforms: wanted }: MultiArch,
  covers: boolean,
): readonly ClaimSubject<C>[] => {
  const named = aboutItself(facts.named);
  if (mode === 'reference' || !facts.isIndex) return [named];
  const choice = mode === 'platforms' ? wanted : 'all';
  const chosen = chosenOf(choice, facts.platforms, ({ platform }) => platform);
  if (chosen.length === 0) return [named];
  return chosen.map((image) => {
    const itself = aboutItself(image);
    return { ...(covers ? together(itself, named) : itself), platform: nameOf(image) };
  });
};
