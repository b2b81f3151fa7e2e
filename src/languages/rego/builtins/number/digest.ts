import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { hexOfBytes } from '../../../../core/text/der.ts';
import type { RegoValue } from '../../values/value.ts';
import { textAt, type BuiltinTable } from '../builtin.ts';

const encoder = new TextEncoder();

/** Bytes that look like chance, and are the same for the same seed and purpose. */
export const seededBytes = (seed: string, purpose: string): Uint8Array =>
  hmac(sha256, encoder.encode(seed), encoder.encode(purpose));

type Hash = Parameters<typeof hmac>[0];

const hashed =
  (hash: Hash) =>
  (args: readonly RegoValue[]): string =>
    hexOfBytes(hash(encoder.encode(textAt(args, 1))));
const authenticated =
  (hash: Hash) =>
  (args: readonly RegoValue[]): string => {
    const message = encoder.encode(textAt(args, 1));
    return hexOfBytes(hmac(hash, encoder.encode(textAt(args, 2)), message));
  };

/** Policy Reference, "Crypto". */
export const digests: BuiltinTable = {
  'crypto.md5': hashed(md5),
  'crypto.sha1': hashed(sha1),
  'crypto.sha256': hashed(sha256),
  'crypto.hmac.md5': authenticated(md5),
  'crypto.hmac.sha1': authenticated(sha1),
  'crypto.hmac.sha256': authenticated(sha256),
  'crypto.hmac.sha512': authenticated(sha512),
  'crypto.hmac.equal': (args) => textAt(args, 1) === textAt(args, 2),
};
