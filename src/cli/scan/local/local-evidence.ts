import { needsIn, type FactOf, type ImageNeeds, type KindId } from '../../../core/facts/evidence-kind.ts';
import { known, unavailable, unavailableBy, type Fact } from '../../../core/facts/fact.ts';
import type { ImageEvidence } from '../../../core/facts/image-evidence.ts';
import type { ImageFacts, PlatformImage } from '../../../core/facts/image-facts.ts';
import type { VulnerabilityFacts } from '../../../core/facts/vulnerability/vulnerability-facts.ts';
import type { Digest } from '../../../core/image/digest.ts';
import { noPlatform, platformNamed, type Platform } from '../../../core/oci/platform.ts';
import type { Evidence } from '../../../evidence/gather.ts';
import type { AdvisorySet } from '../../../evidence/ports.ts';
import type { AttachedList } from '../../../evidence/vulnerability/attached-lists.ts';
import type { createJudgeLists } from '../../../evidence/vulnerability/judge-lists.ts';

/** An image or a list on this machine, as far as policies may see it. */
export interface LocalSubject {
  /** Of its manifest; else of its config, or of all that was read. */
  readonly digest: Digest;
  readonly platform?: Platform;
  /** What its manifest and config say; absent: there is nothing that says it. */
  readonly described?: PlatformImage;
  readonly lists: readonly AttachedList[];
  /** Why its layers, or a part of them, were not looked into. */
  readonly unlooked?: string;
}

interface LocalParts {
  readonly advisories: Fact<AdvisorySet>;
  readonly judgeLists: ReturnType<typeof createJudgeLists>;
}

/** Who signed stands beside an image in its registry. Here nobody can look, which is neither "signed" nor "not signed". */
const besideImage = unavailableBy({
  what: 'what stands beside the image',
  why: 'it lies on this machine',
  remedy: 'push it, and scan it in its registry',
});

/** For rules about packages, which read no more of it than digest and platform. */
const withoutConfig = ({ digest, platform }: LocalSubject): PlatformImage => ({
  digest,
  ...(platform === undefined ? { platform: noPlatform, unnamed: true } : { platform }),
  times: [],
  user: '',
  entrypoint: [],
  labels: {},
  layers: 0,
  size: 0,
});

const vulnerabilityFacts = async (
  subject: LocalSubject,
  image: ImageFacts,
  { advisories, judgeLists }: LocalParts,
): Promise<VulnerabilityFacts> => {
  const { digest, lists, unlooked } = subject;
  const why = { what: 'the layers', why: unlooked ?? '' };
  const missing = unlooked === undefined ? {} : { missing: { kind: 'unavailable', why } as const };
  const judged = await judgeLists(new Map([[digest, { lists, unreadable: [], ...missing }]]), advisories);
  return { digest, image, ...judged };
};

const factsOf = async (
  subject: LocalSubject,
  needs: ImageNeeds,
  parts: LocalParts,
): Promise<ImageEvidence['facts']> => {
  const { digest, described } = subject;
  const about = { digest, isIndex: false } as const;
  const facts: Partial<Record<KindId, Fact<FactOf<KindId>>>> = {};
  for (const { kind } of needsIn(needs)) {
    if (kind.id === 'vulnerability') {
      const image = { ...about, platforms: [described ?? withoutConfig(subject)] };
      facts.vulnerability = known(await vulnerabilityFacts(subject, image, parts));
    } else if (kind.id === 'image')
      facts.image =
        described === undefined
          ? unavailable('manifest and config', 'there are none that say what the image is')
          : known({ ...about, platforms: [described] });
    else facts[kind.id] = besideImage;
  }
  return facts as ImageEvidence['facts'];
};

/**
 * What is known of something on this machine, for the same review that judges images in registries.
 * @param subject - absent: it could not be opened
 */
export const localEvidence = (subject: LocalSubject | undefined, parts: LocalParts): Evidence => ({
  gather: (requests) =>
    Promise.all(
      requests.map(async ({ needs }): Promise<ImageEvidence> =>
        subject === undefined
          ? { pinned: unavailable('the image', 'it could not be opened'), facts: {}, tried: [] }
          : { pinned: known(subject.digest), facts: await factsOf(subject, needs, parts), tried: [] },
      ),
    ),
});

/** The platform of what does not say its own: the only one that was asked for. */
export const askedPlatform = (platforms: 'all' | readonly string[]): { readonly platform?: Platform } => {
  const [text, ...others] = platforms === 'all' ? [] : platforms;
  return text === undefined || others.length > 0 ? {} : { platform: platformNamed(text) };
};
