import type { CandidateForm } from './claim.ts';

/** How a layer of this media type is written; `undefined`: it holds neither a signature nor an attestation. */
export const formOf = (mediaType: string): CandidateForm | undefined => {
  if (mediaType === 'application/vnd.dev.cosign.simplesigning.v1+json') return 'simple-signing';
  if (mediaType === 'application/vnd.dsse.envelope.v1+json') return 'dsse';
  if (mediaType === 'application/vnd.in-toto+json') return 'statement';
  return mediaType.startsWith('application/vnd.dev.sigstore.bundle') ? 'bundle' : undefined;
};
