import type { EvidenceCheck } from '../checks/check.ts';
import { digestOnly, withNeed, type ImageNeeds } from '../facts/evidence-kind.ts';
import { attestationNeed, signatureNeed } from '../facts/signature-kind.ts';
import type { ImageReference } from '../image/reference.ts';
import { matchesImage, type CompiledPolicy } from './compiled-policy.ts';
import { matchEverything } from './compile.ts';
import { createPolicySet, matchesNamespaceName, type PolicySet } from './policy-set.ts';

/** What somebody wants to know about one image. */
interface ClaimQuestion {
  readonly image: ImageReference;
  /** Where it is to run; absent: the policies of every namespace count. */
  readonly namespace?: string;
  /** Attestations of this predicate type alone. */
  readonly predicateType?: string;
}

const isAbout = ({ need }: EvidenceCheck, predicateType: string | undefined): boolean => {
  const { signature, attestation } = withNeed(digestOnly, need);
  if (predicateType === undefined) return signature !== undefined || attestation !== undefined;
  return attestation?.wanted.predicateTypes.includes(predicateType) === true;
};

/** Never met, so that no candidate is left out because an earlier one is enough. */
const everyCandidate = { key: 'every candidate', isMet: () => false, isFound: () => true };

/** Nothing beyond what the checks ask: what is found here is what the webhook would find. */
const noMore = {
  keys: [],
  trustRoots: [],
  locations: [],
  platforms: 'reference',
  named: true,
  demands: [everyCandidate],
} as const;

const needsOf = (evidence: readonly EvidenceCheck[]): ImageNeeds => {
  const needs = evidence.map(({ need }) => need).reduce(withNeed, digestOnly);
  const signatures = needs.signature === undefined ? needs : withNeed(needs, signatureNeed(noMore));
  return needs.attestation === undefined
    ? signatures
    : withNeed(signatures, attestationNeed({ ...noMore, predicateTypes: [], expressions: [] }));
};

/**
 * What policies ask of the signatures and attestations of one image, and nothing else of them. Each failure refuses, whatever
 * the mode, and every candidate is read.
 */
export const claimPolicies = (
  { version, policies }: PolicySet,
  { image, namespace, predicateType }: ClaimQuestion,
): PolicySet => {
  const speaksAbout = ({ match }: CompiledPolicy): boolean =>
    (namespace === undefined || matchesNamespaceName(match, namespace)) && matchesImage(match, image);
  const asking = policies.filter(speaksAbout).flatMap((policy): readonly CompiledPolicy[] => {
    const evidence = policy.evidence.filter((check) => isAbout(check, predicateType));
    if (evidence.length === 0) return [];
    return [
      {
        ...policy,
        mode: 'Deny',
        onUnavailable: 'Deny',
        match: matchEverything,
        checks: [],
        evidence,
        needs: needsOf(evidence),
        // Nothing is pulled here, so nothing can be exchanged before the pull.
        pin: false,
        fixesBytes: true,
      },
    ];
  });
  return createPolicySet(version, asking);
};
