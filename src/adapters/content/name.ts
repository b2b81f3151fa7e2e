import { createHash } from 'node:crypto';
import { algorithmOf, hexOf, parseDigest, type Digest } from '../../core/image/digest.ts';
import type { PinnedImage } from '../../core/image/pinned-image.ts';

/** Where content lies below the directory, and what it must hash to. */
export interface ContentName {
  readonly digest: Digest;
  /** `sha256/ab` */
  readonly folder: string;
  /** `<hex>-<who delivered it>` */
  readonly file: string;
}

/** As many digits of the hash of `host/repository` as keep two repositories apart on purpose as well as by chance. */
const originDigits = 32;
const fileName = /^[0-9a-f]{64,128}-[0-9a-f]{32}$/;
export const folderName = /^[0-9a-f]{2}$/;
export const isContentFile = (name: string): boolean => fileName.test(name);

/**
 * Nothing of the name comes from outside but hexadecimal digits, so no repository and no digest leads out of the
 * directory. @returns undefined for anything that is no sha256, sha384 or sha512 digest
 */
export const contentName = ({ host, repository, digest }: PinnedImage): ContentName | undefined => {
  if (!parseDigest(digest).ok) return undefined;
  const hex = hexOf(digest);
  // No host holds a slash, so `host/repository` means one place.
  const origin = createHash('sha256').update(`${host}/${repository}`).digest('hex').slice(0, originDigits);
  return { digest, folder: `${algorithmOf(digest)}/${hex.slice(0, 2)}`, file: `${hex}-${origin}` };
};
