import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { ImageUse } from '../workload/found-images.ts';
import type { ReadImage } from './evaluation-cache.ts';

/** An image of the object with its parsed text. `fresh`: R2 does not call it unchanged, so it is judged. */
export interface ImageUnderReview {
  readonly use: ImageUse;
  readonly fresh: boolean;
  readonly image: ReadImage;
  /**
   * The evidence that `needsOf` asked for. When a check needs it and it is absent, it counts as "could not look",
   * never as a pass.
   */
  readonly evidence?: ImageEvidence;
}
