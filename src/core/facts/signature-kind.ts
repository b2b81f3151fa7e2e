import { needOf, type EvidenceKind, type Need } from './evidence-kind.ts';
import type { Claim } from './claim.ts';
import type { AttestationNeed, ClaimDemand, ClaimNeed, SignatureNeed } from './claim-need.ts';
import { choiceKey, unitedChoice } from './platform-choice.ts';

const together = <T>(one: readonly T[], other: readonly T[]): readonly T[] => [
  ...new Set([...one, ...other]),
];

const unitedDemands = <C extends Claim>(
  one: readonly ClaimDemand<C>[],
  other: readonly ClaimDemand<C>[],
): readonly ClaimDemand<C>[] => [
  ...new Map([...one, ...other].map((demand) => [demand.key, demand] as const)).values(),
];

const unitedPlatforms = <C extends Claim>(
  one: ClaimNeed<C>['platforms'],
  other: ClaimNeed<C>['platforms'],
): ClaimNeed<C>['platforms'] => {
  if (one === 'reference') return other;
  return other === 'reference' ? one : unitedChoice(one, other);
};

const united = <C extends Claim>(one: ClaimNeed<C>, other: ClaimNeed<C>): ClaimNeed<C> => ({
  keys: together(one.keys, other.keys),
  trustRoots: together(one.trustRoots, other.trustRoots),
  locations: together(one.locations, other.locations),
  platforms: unitedPlatforms(one.platforms, other.platforms),
  named: one.named || other.named,
  demands: unitedDemands(one.demands, other.demands),
});

/** A list as a text that does not depend on its order. */
const sorted = (texts: readonly string[]): readonly string[] => [...texts].sort();

const keyParts = <C extends Claim>({
  keys,
  trustRoots,
  locations,
  platforms,
  named,
  demands,
}: ClaimNeed<C>) => [
  sorted(keys),
  sorted(trustRoots),
  sorted(locations),
  platforms === 'reference' ? platforms : choiceKey(platforms),
  named,
  sorted(demands.map(({ key }) => key)),
];

/** `signature`: who signed the image. */
export const signatureKind: EvidenceKind<'signature'> = {
  id: 'signature',
  keyOf: (need) => JSON.stringify(keyParts(need)),
  union: united,
};
export const signatureNeed = (need: SignatureNeed): Need<'signature'> => needOf(signatureKind, need);

type Expression = AttestationNeed['expressions'][number];
const expressionKey = ({ predicateType, text }: Expression): string => JSON.stringify([predicateType, text]);

/** `attestation`: what somebody attested about the image. */
export const attestationKind: EvidenceKind<'attestation'> = {
  id: 'attestation',
  keyOf: (need) =>
    JSON.stringify([
      ...keyParts(need),
      sorted(need.predicateTypes),
      sorted(need.expressions.map(expressionKey)),
    ]),
  union: (one, other) => ({
    ...united(one, other),
    predicateTypes: together(one.predicateTypes, other.predicateTypes),
    expressions: [
      ...new Map(
        [...one.expressions, ...other.expressions].map((expression) => [
          expressionKey(expression),
          expression,
        ]),
      ).values(),
    ],
  }),
};
export const attestationNeed = (need: AttestationNeed): Need<'attestation'> => needOf(attestationKind, need);
