import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';

/** So many are recorded; a policy set has few, and the record is bounded. */
const maxRecorded = 16;

type Versions = Readonly<Record<string, string>>;

const none: Versions = {};

const snapshotsOf = ({ facts: { signature, attestation, vulnerability } }: ImageEvidence): Versions => ({
  ...(signature?.state === 'known' ? signature.value.trustSnapshots : {}),
  ...(attestation?.state === 'known' ? attestation.value.trustSnapshots : {}),
  ...(vulnerability?.state === 'known' ? vulnerability.value.signed?.trustSnapshots : {}),
});

const generationOf = ({ facts: { vulnerability } }: ImageEvidence): string | undefined =>
  vulnerability?.state === 'known' && vulnerability.value.advisories.state === 'known'
    ? vulnerability.value.advisories.value.generation
    : undefined;

/** Which cataloger looked into the image; `undefined`: none did. */
const catalogerOf = ({ facts: { vulnerability } }: ImageEvidence): string | undefined => {
  if (vulnerability?.state !== 'known') return undefined;
  for (const { lists } of vulnerability.value.packages.values())
    for (const { source } of lists) if (source.kind === 'catalog') return source.version;
  return undefined;
};

/**
 * By what the images were judged, as `versions` of a decision names it: `trustRoot/sigstore` with the digest of the root as it
 * was then, `advisories` with their generation, `cataloger` with its version. When one of them is swapped verdicts change, so the record says by which
 * they are.
 */
export const evidenceVersions = (images: readonly ImageUnderReview[]): Versions => {
  if (!images.some(({ evidence }) => evidence !== undefined)) return none;
  const found = new Map<string, string>();
  for (const { evidence } of images) {
    if (evidence === undefined) continue;
    for (const [name, digest] of Object.entries(snapshotsOf(evidence)))
      found.set(`trustRoot/${name}`, digest);
    const generation = generationOf(evidence);
    if (generation !== undefined) found.set('advisories', generation);
    const cataloger = catalogerOf(evidence);
    if (cataloger !== undefined) found.set('cataloger', cataloger);
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, maxRecorded));
};
