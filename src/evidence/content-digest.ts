import { createHash } from 'node:crypto';
import { formatDigest, type Digest, type DigestAlgorithm } from '../core/image/digest.ts';

/** The digest of bytes, computed here: what a header or a file name says about them is never taken for it (B1). */
export const digestOf = (bytes: Uint8Array, algorithm: DigestAlgorithm): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

/** Whether bytes are the ones that a digest names. */
export const isDigestOf = (bytes: Uint8Array, digest: Digest): boolean =>
  digestOf(bytes, digest.algorithm) === formatDigest(digest);
