import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import { atOnce, type Steps } from '../../core/steps.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { extractImages, type Extraction } from '../../core/workload/extract.ts';
import { comparingPodSpecs, imagesBefore, unchangedPlaces } from '../../core/workload/unchanged.ts';
import { gateFinding } from './decision-builder.ts';
import type { ImagesSubject, WorkloadSubject } from './subject.ts';

export interface Collected {
  readonly images: readonly ImageUnderReview[];
  readonly warnings: readonly string[];
  /** What the old object held; absent: there was none, or it cannot be read. */
  readonly before?: Extraction;
}

type Collecting = Collected | { readonly findings: readonly Finding[] } | { readonly unchanged: true };

/**
 * Hop 3: every image of the object, and which of them the old object held at the same place (R2). A step extracts
 * the images of one object, or compares a part of both: each may have ten thousand places for images (R24).
 */
export function* collecting(
  what: WorkloadSubject | ImagesSubject,
  { images: cache }: Pick<PolicySet, 'images'>,
): Steps<Collecting> {
  if (what.kind === 'images') {
    return {
      images: what.images.map((use) => ({ use, fresh: true, image: cache.read(use.given) })),
      warnings: [],
    };
  }
  const { row, object, oldObject } = what;
  const extracted = extractImages(row, object);
  if (oldObject !== null) yield;
  // An object that was too large or odd before the gate came must still be scaled and finalized (R2).
  if (!extracted.ok && oldObject !== null && !(yield* comparingPodSpecs(row, object, oldObject))) {
    return { unchanged: true };
  }
  if (!extracted.ok) {
    const { code, path, why } = extracted.error;
    return {
      findings: [
        gateFinding(code, shown(path === '' ? why : `${shownName(path)}: ${why}`), {
          path,
          remedy: 'correct the object and send it again',
        }),
      ],
    };
  }
  const before = imagesBefore(row, oldObject);
  const kept = unchangedPlaces(extracted.value.images, before);
  const images = extracted.value.images.map((use) => ({
    use,
    fresh: !kept.has(use.place),
    image: cache.read(use.given),
  }));
  return { images, warnings: extracted.value.warnings, ...(before && { before }) };
}

/** The same, all steps at once. */
export const collect = (...of: Parameters<typeof collecting>): Collecting => atOnce(collecting(...of));
