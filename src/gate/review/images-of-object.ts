import type { ImageUnderReview } from '../../core/decision/decide.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import type { PolicySet } from '../../core/policy/match/policy-set.ts';
import { extractImages } from '../../core/workload/extract.ts';
import { podSpecChanged, unchangedPlaces } from '../../core/workload/unchanged.ts';
import { gateFinding } from './decision-builder.ts';
import type { ImagesSubject, WorkloadSubject } from './subject.ts';

export interface Collected {
  readonly images: readonly ImageUnderReview[];
  readonly warnings: readonly string[];
}

type Collecting = Collected | { readonly findings: readonly Finding[] } | { readonly unchanged: true };

/** Hop 3: every image of the object, and which of them the old object held at the same place (R2). */
export const collect = (
  what: WorkloadSubject | ImagesSubject,
  { images: memory }: Pick<PolicySet, 'images'>,
): Collecting => {
  if (what.form === 'images') {
    return {
      images: what.images.map((use) => ({ use, fresh: true, image: memory.read(use.given) })),
      warnings: [],
    };
  }
  const extracted = extractImages(what.row, what.object);
  // An object that was too large or odd before the gate came must still be scaled and finalized (R2).
  if (!extracted.ok && what.oldObject !== null && !podSpecChanged(what.row, what.object, what.oldObject)) {
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
  const kept =
    what.oldObject === null ? undefined : unchangedPlaces(what.row, extracted.value.images, what.oldObject);
  const images = extracted.value.images.map((use) => ({
    use,
    fresh: kept?.has(use.place) !== true,
    image: memory.read(use.given),
  }));
  return { images, warnings: extracted.value.warnings };
};
