import type { SignatureClaim } from '../../core/facts/claim.ts';
import type { SignatureNeed } from '../../core/facts/claim-need.ts';
import { signatureKind } from '../../core/facts/signature-kind.ts';
import { restOnRootsInForce } from '../candidate/claim-basis.ts';
import { createGatherClaims, type ClaimKind, type ClaimSources } from '../candidate/claim-provider.ts';
import type { EvidenceProvider, ProviderParts } from '../provider.ts';

const signature: ClaimKind<SignatureClaim, SignatureNeed> = {
  id: signatureKind.id,
  says: 'signed',
  isClaim: (claim): claim is SignatureClaim => claim.says === 'signed',
  tag: 'signature-tag',
  covers: true,
  bounds: ({ payloadBytes, bundleBytes }) => ({
    bytes: { 'simple-signing': payloadBytes, bundle: bundleBytes },
  }),
  predicateTypes: () => ['https://sigstore.dev/cosign/sign/v1'],
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
