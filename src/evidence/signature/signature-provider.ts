import type { SignatureClaim } from '../../core/facts/claim.ts';
import type { SignatureNeed } from '../../core/facts/claim-need.ts';
import { signatureKind } from '../../core/facts/signature-kind.ts';
import { signaturePreference } from '../candidate/candidate.ts';
import { restOnRootsInForce } from '../candidate/claim-basis.ts';
import { createGatherClaims, type ClaimSources } from '../candidate/claim-provider.ts';
import type { ClaimKind } from '../candidate/subject-claims.ts';
import { signatureBounds } from '../candidate/read-candidate.ts';
import type { EvidenceProvider, ProviderParts } from '../provider.ts';

const signature: ClaimKind<SignatureClaim, SignatureNeed> = {
  id: signatureKind.id,
  says: 'signed',
  isClaim: (claim): claim is SignatureClaim => claim.says === 'signed',
  takesStatements: false,
  covers: true,
  bounds: signatureBounds,
  preference: (_, about) => signaturePreference(about),
  expressions: () => [],
};

/** `signature`: who signed the image. */
export const createSignatureProvider =
  (sources: ClaimSources) =>
  (parts: ProviderParts): EvidenceProvider<'signature'> => ({
    kind: signatureKind,
    gather: createGatherClaims(signature, sources, parts),
    isCurrent: (facts) => restOnRootsInForce(sources.trustRoots, facts),
  });
