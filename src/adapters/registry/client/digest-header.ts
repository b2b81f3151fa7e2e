import { parseDigest } from '../../../core/image/digest.ts';
import { isDigestOf } from '../../../evidence/content-digest.ts';

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
