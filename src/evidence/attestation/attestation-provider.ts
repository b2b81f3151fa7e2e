import type { AttestationClaim } from '../../core/facts/claim.ts';
import type { AttestationNeed } from '../../core/facts/claim-need.ts';
import { attestationKind } from '../../core/facts/signature-kind.ts';
import { restOnRootsInForce } from '../candidate/claim-basis.ts';
import { createGatherClaims, type ClaimSources } from '../candidate/claim-provider.ts';
import type { ClaimKind } from '../candidate/subject-claims.ts';
import type { EvidenceProvider, ProviderParts } from '../provider.ts';

const attestation: ClaimKind<AttestationClaim, AttestationNeed> = {
  id: attestationKind.id,
  says: 'attested',
  isClaim: (claim): claim is AttestationClaim => claim.says === 'attested',
  takesStatements: true,
  covers: false,
  bounds: ({ attestationBytes: most }) => ({ bytes: { dsse: most, bundle: most, statement: most } }),
  preference: ({ predicateTypes }, about) => ({
    about,
    tag: 'attestation-tag',
    takesStatements: true,
    predicateTypes,
  }),
  expressions: ({ expressions }) => expressions,
};

/** `attestation`: what somebody attested about the image. */
export const createAttestationProvider =
  (sources: ClaimSources) =>
  (parts: ProviderParts): EvidenceProvider<'attestation'> => ({
    kind: attestationKind,
    gather: createGatherClaims(attestation, sources, parts),
    isCurrent: (facts) => restOnRootsInForce(sources.trustRoots, facts),
  });
