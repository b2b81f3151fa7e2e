import { hash } from 'node:crypto';
import { algorithmOf, hexOf, parseDigest, type Digest } from '../../core/image/digest.ts';
import type { PinnedImage } from '../../core/image/pinned-image.ts';

/** The file of content below the directory, and the digest that it must have. */
export interface ContentName {
  readonly digest: Digest;
  /** `sha256/ab` */
  readonly folder: string;
  /** `<hex>-<hash of the repository that delivered it>` */
  readonly file: string;
}

/** Enough digits of the hash of `host/repository` that nobody can make two repositories collide. */
const originDigits = 32;
const fileName = /^[0-9a-f]{64,128}-[0-9a-f]{32}$/;
export const folderName = /^[0-9a-f]{2}$/;
export const isContentFile = (name: string): boolean => fileName.test(name);

/**
 * Only hexadecimal digits of the name come from outside, so no repository and no digest leads out of the directory.
 * @returns undefined for anything that is no sha256, sha384 or sha512 digest
 */
export const contentName = ({ host, repository, digest }: PinnedImage): ContentName | undefined => {
  if (!parseDigest(digest).ok) return undefined;
  const hex = hexOf(digest);
  // No host holds a slash, so `host/repository` means one place.
  const origin = hash('sha256', `${host}/${repository}`).slice(0, originDigits);
  return { digest, folder: `${algorithmOf(digest)}/${hex.slice(0, 2)}`, file: `${hex}-${origin}` };
};
