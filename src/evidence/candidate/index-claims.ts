import { waitAtMost } from '../../concurrency/abort.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { ClaimNeed } from '../../core/facts/claim-need.ts';
import type { Claim, PlatformClaims, SubjectClaims } from '../../core/facts/claim.ts';
import { known, unavailableBy } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { attestationManifestsIn } from '../../core/oci/attestation-manifest.ts';
import { repositoryKey } from '../cache/access-grants.ts';
import type { RegistryAnswer } from '../ports.ts';
import { readPlaceOf } from '../read-content.ts';
import type { ResolvedImage } from '../resolve/attempts.ts';
import type { Candidate } from './candidate.ts';
import type { ClaimSearch } from './gather-claims.ts';
import { imagesBehind, type IndexImage } from './index-images.ts';
import { claimsAbout, isMet, nothingSaid, type ClaimQuestion, type ClaimSearcher } from './subject-claims.ts';

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

/** What the named index lists beside its images. An index within it is not looked into: nobody names that one. */
export const listedIn = (resolved: ResolvedImage, index: Uint8Array, most: number): ClaimSearch['index'] => {
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

/** What is said of what is named, and of the images behind it. */
export interface SaidOfIndex<C extends Claim> {
  readonly named: SubjectClaims<C>;
  readonly platforms: RegistryAnswer<readonly PlatformClaims<C>[]>;
}
export const alone = <C extends Claim>(named: SubjectClaims<C>): SaidOfIndex<C> => ({
  named,
  platforms: known([]),
});

/**
 * Whether all that is asked is said: of each image behind the index, or of what is named where there is none. Where a check
 * judges what is named, of that too.
 */
export const isMetByAll = <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: Pick<ClaimQuestion<N>, 'need' | 'resolved'>,
  named: SubjectClaims<C>,
  platforms: readonly PlatformClaims<C>[],
): boolean => {
  const countsItself = question.need.named || platforms.length === 0;
  if (countsItself && !isMet(searcher, question, named.claims)) return false;
  const before = searcher.settings.covers ? named.claims : [];
  return platforms.every(({ claims }) => isMet(searcher, question, [...before, ...claims]));
};

/**
 * What is said of an index, and of the images behind it, where that does not count for them or is not enough. Attack: push
 * candidates for the index that take long to read or to verify, so that nobody comes to the images in time, or the other way
 * round (S2). So neither waits long for the other, and the first that is enough ends it.
 */
export const claimsInIndex = async <C extends Claim, N extends ClaimNeed<C>>(
  searcher: ClaimSearcher<C, N>,
  question: ClaimQuestion<N>,
  index: Uint8Array,
): Promise<SaidOfIndex<C>> => {
  const { settings, parts } = searcher;
  const { digest } = question.resolved.image;
  /** Until it is known. */
  let named: SubjectClaims<C> = nothingSaid(digest, index);
  const isEnough = (): boolean => settings.covers && isMet(searcher, question, named.claims);
  const naming = claimsAbout(searcher, question, { digest, manifest: index }, []).then((found) => {
    named = found;
  });
  if (settings.covers) await waitAtMost(naming, parts.limits.indexTime);
  if (isEnough()) return alone(named);
  const behind = claimsBehind(searcher, question, index, settings.covers ? named.claims : []);
  const first = await Promise.race([behind, naming.then(() => (isEnough() ? undefined : behind))]);
  if (first === undefined) return alone(named);
  const isWhole =
    !question.need.named &&
    first.state === 'known' &&
    first.value.length > 0 &&
    isMetByAll(searcher, question, named, first.value);
  if (isWhole) return { named, platforms: first };
  await naming;
  return isEnough() ? alone(named) : { named, platforms: first };
};
