import type { Digest } from '../image/digest.ts';

/** `sha256-<hex>.sig`, as cosign up to version 2 tags what speaks for an image. */
export const candidateTag = (digest: Digest, suffix: 'sig' | 'att'): string =>
  `${digest.replace(':', '-')}.${suffix}`;

const tags = /^sha(?:256|384|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/;

/**
 * Whether a tag names something beside an image: cosign's tags, or the fallback tag of the Referrers API (OCI
 * distribution-spec 1.1, "Referrers Tag Schema").
 */
export const isCandidateTag = (tag: string): boolean => tags.test(tag);
