import { createHash } from 'node:crypto';
import { algorithmOf, type Digest, type DigestAlgorithm } from '../core/image/digest.ts';

/** The digest of bytes, computed here. A digest from a header or a file name is never believed (B1). */
export const digestOf = (bytes: Uint8Array, algorithm: DigestAlgorithm): Digest =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;

/** Whether bytes have this digest. */
export const isDigestOf = (bytes: Uint8Array, digest: Digest): boolean =>
  digestOf(bytes, algorithmOf(digest)) === digest;
