import type { CandidateForm } from './claim.ts';

/** `package-list`: an SBOM by itself. Nobody signs it, so no claim has this form. */
export type LayerForm = CandidateForm | 'package-list';

const packageLists: ReadonlySet<string> = new Set([
  'application/vnd.cyclonedx+json',
  'application/spdx+json',
]);

/** How a layer of this media type is written; `undefined`: it is nothing that speaks for an image. */
export const formOf = (mediaType: string): LayerForm | undefined => {
  if (packageLists.has(mediaType)) return 'package-list';
  if (mediaType === 'application/vnd.dev.cosign.simplesigning.v1+json') return 'simple-signing';
  if (mediaType === 'application/vnd.dsse.envelope.v1+json') return 'dsse';
  if (mediaType === 'application/vnd.in-toto+json') return 'statement';
  return mediaType.startsWith('application/vnd.dev.sigstore.bundle') ? 'bundle' : undefined;
};
