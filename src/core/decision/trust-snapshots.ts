import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';

/** So many are recorded; a policy set has few, and the record is bounded. */
const maxRecorded = 16;

type Snapshots = Readonly<Record<string, string>>;

const none: Snapshots = {};

const snapshotsOf = ({ facts: { signature, attestation } }: ImageEvidence): Snapshots => ({
  ...(signature?.state === 'known' ? signature.value.trustSnapshots : {}),
  ...(attestation?.state === 'known' ? attestation.value.trustSnapshots : {}),
});

/**
 * The trust roots by which the images were judged, as `versions` of a decision names them: `trustRoot/sigstore`, with the
 * digest of the root as it was then. A root that is swapped changes verdicts, so the record says by which one they are.
 */
export const trustSnapshots = (images: readonly ImageUnderReview[]): Snapshots => {
  if (!images.some(({ evidence }) => evidence !== undefined)) return none;
  const found = new Map<string, string>();
  for (const { evidence } of images) {
    if (evidence === undefined) continue;
    for (const [name, digest] of Object.entries(snapshotsOf(evidence)))
      found.set(`trustRoot/${name}`, digest);
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, maxRecorded));
};
