import type { AttestationClaim, ClaimFacts, SignatureClaim } from './claim.ts';
import type { AttestationNeed, SignatureNeed } from './claim-need.ts';
import type { ImageFacts, ImageNeed } from './image-facts.ts';
import type { VulnerabilityFacts, VulnerabilityNeed } from './vulnerability/vulnerability-facts.ts';

/**
 * What can be asked about the bytes of an image. A row is one kind of evidence: the need of a check, and the fact that
 * answers it, which names the digest that it is about. A new kind adds its row here, or by module augmentation.
 */
export interface EvidenceKinds {
  readonly image: { readonly need: ImageNeed; readonly fact: ImageFacts };
  readonly signature: { readonly need: SignatureNeed; readonly fact: ClaimFacts<SignatureClaim> };
  readonly attestation: { readonly need: AttestationNeed; readonly fact: ClaimFacts<AttestationClaim> };
  readonly vulnerability: { readonly need: VulnerabilityNeed; readonly fact: VulnerabilityFacts };
}

export type KindId = keyof EvidenceKinds;
export type NeedOf<Id extends KindId> = EvidenceKinds[Id]['need'];
export type FactOf<Id extends KindId> = EvidenceKinds[Id]['fact'];

/** How the needs of one kind compare. Several policies may ask about one image: what is gathered answers all of them. */
export interface EvidenceKind<Id extends KindId> {
  readonly id: Id;
  /** Equal for equal needs, and for no others. */
  keyOf(need: NeedOf<Id>): string;
  /** The need that covers both. */
  union(one: NeedOf<Id>, other: NeedOf<Id>): NeedOf<Id>;
}

/** What one check needs to know, with the rules to compare it. Made by {@link needOf}. */
export interface Need<Id extends KindId> {
  readonly kind: EvidenceKind<Id>;
  readonly wanted: NeedOf<Id>;
  readonly key: string;
}

export const needOf = <Id extends KindId>(kind: EvidenceKind<Id>, wanted: NeedOf<Id>): Need<Id> => ({
  kind,
  wanted,
  key: kind.keyOf(wanted),
});

/** All that the checks of a review need to know of one image, by kind. None: only which digest its text stands for. */
export type ImageNeeds = { readonly [Id in KindId]?: Need<Id> };
export const digestOnly: ImageNeeds = {};

/** Whether nothing is asked but the digest. */
export const isDigestOnly = (needs: ImageNeeds): boolean => {
  for (const _ in needs) return false;
  return true;
};

export const needsIn = (needs: ImageNeeds): readonly Need<KindId>[] => Object.values(needs);

export const sameNeeds = (one: ImageNeeds, other: ImageNeeds): boolean => {
  if (one === other) return true;
  const list = needsIn(one);
  return list.length === needsIn(other).length && list.every(({ kind, key }) => other[kind.id]?.key === key);
};

/** Equal for equal needs, whatever the order in which they were asked. */
export const needsKey = (needs: ImageNeeds): string =>
  JSON.stringify(
    needsIn(needs)
      .map(({ kind, key }) => `${kind.id} ${key}`)
      .sort(),
  );

/** The needs of others and one more. */
export const withNeed = (needs: ImageNeeds, need: Need<KindId>): ImageNeeds => {
  const { kind, wanted, key } = need;
  const held: Need<KindId> | undefined = needs[kind.id];
  if (held?.key === key) return needs;
  return { ...needs, [kind.id]: held === undefined ? need : needOf(kind, kind.union(held.wanted, wanted)) };
};

export const unitedNeeds = (one: ImageNeeds, other: ImageNeeds): ImageNeeds =>
  one === other ? one : needsIn(other).reduce(withNeed, one);
