import { createHash } from 'node:crypto';
import { algorithmOf, hexOf, type Digest, type DigestAlgorithm } from '../../../core/image/digest.ts';

/** What a signature signs: bytes, or bytes of which no more than a digest is known. */
export type Message = { readonly bytes: Uint8Array } | { readonly digest: Digest };

/** @returns none where the bytes are not known and the known digest is another one */
export const hashOf = (message: Message, algorithm: DigestAlgorithm): Uint8Array | undefined => {
  if ('bytes' in message) return createHash(algorithm).update(message.bytes).digest();
  return algorithmOf(message.digest) === algorithm ? Buffer.from(hexOf(message.digest), 'hex') : undefined;
};
