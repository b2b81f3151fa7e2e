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

/** Of two with one name the later one counts. */
const together = (versions: readonly Versions[]): Versions => {
  const found = new Map(versions.flatMap((one) => Object.entries(one)));
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, maxRecorded));
};

const versionsMade = new WeakMap<ImageEvidence, Versions>();

/** An answer is given to many reviews, and its versions are put together for the first of them alone. */
const versionsOf = (evidence: ImageEvidence): Versions => {
  const made = versionsMade.get(evidence);
  if (made !== undefined) return made;
  const roots = Object.entries(snapshotsOf(evidence)).map(([name, digest]) => [`trustRoot/${name}`, digest]);
  const generation = generationOf(evidence);
  const cataloger = catalogerOf(evidence);
  const versions = together([
    Object.fromEntries(roots) as Versions,
    generation === undefined ? none : { advisories: generation },
    cataloger === undefined ? none : { cataloger },
  ]);
  versionsMade.set(evidence, versions);
  return versions;
};

const isWithin = (some: Versions, all: Versions): boolean => {
  for (const name in some) if (some[name] !== all[name]) return false;
  return true;
};

/**
 * By what the images were judged, as `versions` of a decision names it: `trustRoot/sigstore` with the digest of the root as it
 * was then, `advisories` with their generation, `cataloger` with its version. When one of them is swapped verdicts change, so the record says by which
 * they are.
 */
export const evidenceVersions = (images: readonly ImageUnderReview[]): Versions => {
  const all = images.map(({ evidence }) => (evidence === undefined ? none : versionsOf(evidence)));
  const most = all.reduce((one, other) => (isWithin(one, other) ? other : one), none);
  return all.every((one) => isWithin(one, most)) ? most : together(all);
};
