import type { Digest } from '../image/digest.ts';
import type { Fact } from './fact.ts';
import type { ImageFacts } from './image-facts.ts';

/** Which images behind an index are looked at: all of them, or those of the platforms named (`linux/amd64`). */
export type PlatformChoice = 'all' | readonly string[];

/** What the checks of all covering policies need to know about one image. Nothing needed means no network call. */
export interface ImageNeeds {
  /** Which bytes the text stands for now. */
  readonly digest: boolean;
  /** Manifest and config; absent: not needed. */
  readonly image?: { readonly platforms: PlatformChoice };
}

/** What was found out about one image text, once, for every check of the review. */
export interface ImageEvidence {
  /** The digest that is judged, recorded and patched: obtained a single time in a review (B1, B2). */
  readonly pinned: Fact<Digest>;
  /** Present when it was asked for. */
  readonly image?: Fact<ImageFacts>;
  /** For people, in the order tried: `pull secret shop/regcred: denied`, `anonymous: used`. Never a secret. */
  readonly tried: readonly string[];
  /** Present when the registry could not be asked and an older tag result stands in: its age in milliseconds. */
  readonly staleFor?: number;
  /** Beside `staleFor`: whether the registry could not be asked for a reason that is excusable (R25). */
  readonly excusable?: true;
}
