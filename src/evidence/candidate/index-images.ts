import { chosenOf } from '../../core/facts/platform-choice.ts';
import type { PlatformChoice } from '../../core/facts/image-facts.ts';
import { known, unavailableBy } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import type { IndexEntry } from '../../core/oci/image-index.ts';
import { readManifest } from '../../core/oci/manifest.ts';
import { shapeOfType } from '../../core/oci/media-types.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { RegistryAnswer, RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import { readContent, type ReadPlace } from '../read-content.ts';
import type { Reading } from '../resolve/read-budget.ts';

/** An image behind an index. */
export interface IndexImage {
  readonly digest: Digest;
  readonly platform?: Platform;
  /** Absent: it is named and is not there, or is not what the index says. */
  readonly manifest?: Uint8Array;
}

interface IndexRead {
  readonly parts: ProviderParts;
  readonly place: ReadPlace;
  readonly choice: PlatformChoice;
  readonly reading: Reading;
  /** Entries of all its indexes so far. */
  entries: number;
}

const limitFailure = ({ place }: IndexRead, why: string): RegistryAnswer<never> =>
  unavailableBy<RegistryFailure>({
    kind: 'limit',
    stage: 'manifest',
    host: place.repository.host,
    why,
    unreadable: true,
  });

const readEntry = async (
  job: IndexRead,
  entry: IndexEntry,
  platform: Platform | undefined,
  depth: number,
): Promise<RegistryAnswer<readonly IndexImage[]>> => {
  const { digest, size, mediaType } = entry;
  const named = { digest, ...(platform === undefined ? {} : { platform }) };
  const bytes = await readContent(job.parts, job.place, { stage: 'manifest', digest, size }, job.reading);
  // What whoever pushed the index chose is no outage: such an image has nothing that speaks for it (S3).
  if (bytes.state === 'absent') return known([named]);
  if (bytes.state === 'unavailable') return bytes.why.unreadable === true ? known([named]) : bytes;
  const manifest = readManifest(bytes.value, job.parts.limits);
  if (!manifest.ok) return known([named]);
  const isIndex = manifest.value.kind === 'index';
  if (isIndex !== (shapeOfType(mediaType) === 'index')) return known([named]);
  if (manifest.value.kind !== 'index') return known([{ ...named, manifest: bytes.value }]);
  return readEntries(job, manifest.value.children, platform, depth + 1);
};

const readEntries = async (
  job: IndexRead,
  entries: readonly IndexEntry[],
  inherited: Platform | undefined,
  depth: number,
): Promise<RegistryAnswer<readonly IndexImage[]>> => {
  const { limits } = job.parts;
  if (depth > limits.indexDepth)
    return limitFailure(job, `its indexes are nested deeper than ${limits.indexDepth} levels`);
  const platformOf = ({ platform }: IndexEntry): Platform | undefined => platform ?? inherited;
  const chosen = chosenOf(job.choice, entries, platformOf);
  job.entries += chosen.length;
  if (job.entries > limits.indexChildren)
    return limitFailure(job, `its indexes hold more than ${limits.indexChildren} images`);
  const answers = await mapLimit(chosen, limits.childrenAtOnce, (entry) =>
    readEntry(job, entry, platformOf(entry), depth),
  );
  const images: IndexImage[] = [];
  for (const answer of answers) {
    if (answer.state !== 'known') return answer;
    images.push(...answer.value);
  }
  return known(images);
};

/** The images behind an index that a node of the chosen platforms may run, in the order of the index. */
export const imagesBehind = async (
  parts: ProviderParts,
  place: ReadPlace,
  { index, choice }: { readonly index: Uint8Array; readonly choice: PlatformChoice },
  reading: Reading,
): Promise<RegistryAnswer<readonly IndexImage[]>> => {
  const job: IndexRead = { parts, place, choice, reading, entries: 0 };
  const manifest = readManifest(index, parts.limits);
  if (!manifest.ok) {
    const { kind, why } = manifest.error;
    const failure = { kind, stage: 'manifest', host: place.repository.host, why, unreadable: true } as const;
    return unavailableBy<RegistryFailure>(failure);
  }
  return manifest.value.kind === 'index'
    ? readEntries(job, manifest.value.children, undefined, 1)
    : known([]);
};
