import type { Digest } from '../image/digest.ts';
import type { EvidenceKind, FactOf, KindId } from './evidence-kind.ts';
import type { Fact } from './fact.ts';

/** What each kind of evidence answered; absent: nobody asked. Read it with {@link factOf}. */
type EvidenceFacts<Ids extends KindId> = { readonly [Id in Ids]?: Fact<FactOf<Id>> };

/** The evidence about one image text, gathered once for every check of the review. */
export interface ImageEvidence {
  /** The digest that is judged, recorded and patched: obtained a single time in a review (B1, B2). */
  readonly pinned: Fact<Digest>;
  readonly facts: EvidenceFacts<KindId>;
  /** For people, in the order tried: `pull secret shop/regcred: denied`, `anonymous: used`. Never a secret. */
  readonly tried: readonly string[];
  /** For people and for the record: what the facts say, as far as a record keeps it. */
  readonly claims?: readonly string[];
  /** Present when the registry could not be asked and an older tag result stands in: its age in milliseconds. */
  readonly staleFor?: number;
  /** Beside `staleFor`: whether the registry could not be asked for a reason that is excusable (R25). */
  readonly excusable?: true;
}

/** `not-asked`: nobody gathered this kind of evidence. It is no fact, so no check can take it for one. */
export type ProviderAnswer<T> = Fact<T> | { readonly state: 'not-asked' };

const notAsked = { state: 'not-asked' } as const;

export const factOf = <Id extends KindId>(
  { facts }: { readonly facts: EvidenceFacts<Id> },
  { id }: Pick<EvidenceKind<Id>, 'id'>,
): ProviderAnswer<FactOf<Id>> => facts[id] ?? notAsked;
