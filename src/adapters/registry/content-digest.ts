import { createHash } from 'node:crypto';
import { formatDigest, parseDigest, type Digest, type DigestAlgorithm } from '../../core/image/digest.ts';

/** The digest of bytes, computed here: what a header says about them is never taken for it. */
export const digestOf = (bytes: Uint8Array, algorithm: DigestAlgorithm): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

/** Whether bytes are the ones that a digest names. */
export const isDigestOf = (bytes: Uint8Array, digest: Digest): boolean =>
  digestOf(bytes, digest.algorithm) === formatDigest(digest);

/**
 * Why `Docker-Content-Digest` gives the lie to the bytes that came with it, or undefined when it is missing or right
 * (B1: a registry that answers with other bytes than it names).
 */
export const whyHeaderLies = (bytes: Uint8Array, header: string | undefined): string | undefined => {
  if (header === undefined) return undefined;
  const named = parseDigest(header);
  if (!named.ok) return 'its Docker-Content-Digest is no digest';
  return isDigestOf(bytes, named.value)
    ? undefined
    : 'its Docker-Content-Digest is not the digest of the bytes';
};
