import type { Result } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import { readManifestObjects, type ManifestObject } from '../../core/workload/manifest.ts';
import type { PinnedPlace } from '../../gate/manifest/pin-manifest.ts';
import { isKustomization } from '../check/foreign-file.ts';
import type { ManifestSource } from '../check/manifest-input.ts';
import type { PinnedReference } from './named-image.ts';
import type { DocumentImage } from './named-images.ts';
import { rewriteImages, type Rewrite } from './rewrite.ts';
import { writeFields, type DocumentChange } from './write-fields.ts';

/** The lookup of one image of a kustomization or of values; `undefined` when none was needed. */
export interface LookedUp extends DocumentImage {
  readonly found: Result<PinnedReference, string> | undefined;
}

/** One text of the input, before and after pinning. */
export interface PinnedSource {
  readonly source: ManifestSource;
  readonly text: string;
  readonly objects: readonly ManifestObject[];
  /** For people: which image became what, and which stayed. */
  readonly remarks: readonly string[];
  readonly counts: PinCounts;
}

/** How many images got a digest, have had one, and have none. */
export interface PinCounts {
  readonly pinned: number;
  readonly kept: number;
  readonly left: number;
}

const notFound = 'where it stands in the text cannot be told; write the digest by hand';
const notAlone = 'its text cannot be changed without changing something else; write the digest by hand';

interface Tally {
  readonly pinned: (line: number, given: string, text: string) => void;
  readonly left: (line: number, given: string, why: string) => void;
  readonly kept: () => void;
  readonly result: () => Pick<PinnedSource, 'remarks' | 'counts'>;
}

const createTally = (file: string): Tally => {
  const remarks: string[] = [];
  const counts = { pinned: 0, kept: 0, left: 0 };
  const tell = (line: number, text: string): void => void remarks.push(`${file}:${line}: ${text}`);
  return {
    pinned: (line, given, text) => {
      counts.pinned++;
      tell(line, `${given} is now ${text}`);
    },
    left: (line, given, why) => {
      counts.left++;
      tell(line, `${given} stays without a digest: ${why}`);
    },
    kept: () => {
      counts.kept++;
    },
    result: () => ({ remarks: [...new Set(remarks)].map(shown), counts }),
  };
};

const rewriteObjects = (
  { text, objects, mark }: ManifestSource,
  places: readonly (readonly PinnedPlace[])[],
  tally: Tally,
): Pick<PinnedSource, 'text' | 'objects'> => {
  const rewrites: Rewrite[] = [];
  const lineOf = (object: number): number => objects[object]?.line ?? 0;
  for (const [object, found] of places.entries()) {
    for (const place of found) {
      const why = place.outcome === 'left' ? place.why : mark?.refusal;
      if (place.outcome === 'kept') tally.kept();
      else if (why !== undefined) tally.left(lineOf(object), place.given, why);
      else if (place.outcome === 'pinned') rewrites.push({ ...place, object });
    }
  }
  const written = rewriteImages(text, objects, rewrites);
  const missed = new Set(written.missed);
  for (const rewrite of rewrites) {
    const { object, given, text: pinned } = rewrite;
    if (missed.has(rewrite)) tally.left(lineOf(object), given, notFound);
    else tally.pinned(lineOf(object), given, pinned);
  }
  return written;
};

/** The change for an image of a kustomization or of values; `undefined` when there is none. */
const changeOf = (
  { image, found, document, line }: LookedUp,
  refusal: string | undefined,
  tally: Tally,
): (DocumentChange & { readonly text: string }) | undefined => {
  if (image.outcome === 'kept') tally.kept();
  else if (image.outcome === 'left') tally.left(line, image.given, image.why);
  else if (found?.ok !== true) tally.left(line, image.given, found?.error ?? notFound);
  else if (refusal !== undefined) tally.left(line, image.given, refusal);
  else return { document, change: image.change(found.value), text: `${image.given}@${found.value.digest}` };
  return undefined;
};

const rewriteFields = (
  before: Pick<PinnedSource, 'text' | 'objects'>,
  { path, mark }: ManifestSource,
  images: readonly LookedUp[],
  tally: Tally,
): Pick<PinnedSource, 'text' | 'objects'> => {
  const changes = images.flatMap((one) => {
    const change = changeOf(one, mark?.refusal, tally);
    return change === undefined ? [] : [{ change, one }];
  });
  if (changes.length === 0) return before;
  const { text, written } = writeFields(
    before.text,
    changes.map(({ change }) => change),
  );
  for (const { change, one } of changes) {
    if (written.has(change)) tally.pinned(one.line, one.image.given, change.text);
    else tally.left(one.line, one.image.given, notAlone);
  }
  // Lines were added, so the objects that stand beside them begin elsewhere now.
  const again =
    before.objects.length === 0 ? undefined : readManifestObjects(text, before.objects[0]?.file ?? path);
  const objects = again?.ok === true ? again.value.objects.filter((one) => !isKustomization(one)) : [];
  return { text, objects };
};

/** Writes the digests of all images into one text, and changes nothing else. */
export const pinSource = (
  source: ManifestSource,
  places: readonly (readonly PinnedPlace[])[],
  images: readonly LookedUp[],
): PinnedSource => {
  const tally = createTally(source.path === '-' ? 'stdin' : source.path);
  const objects = rewriteObjects(source, places, tally);
  const { text, objects: now } = rewriteFields(objects, source, images, tally);
  return { source, text, objects: now, ...tally.result() };
};
