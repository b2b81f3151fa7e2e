import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { CredentialSecret } from '../ports.ts';

/**
 * Makes the keys by which caches distinguish credentials. Equal secrets for one host have equal keys, whatever namespace
 * they come from; two hosts never share a key. It is HMAC-SHA256 under a key that only this process has: an attacker who
 * sees a cache key can neither test guesses of a password nor recognise it in another process.
 */
export const createCredentialKeys = (): ((host: string, secret: CredentialSecret) => string) => {
  // Node would convert bytes to a key object at each use, which takes seven times as long as the hash.
  const own = createSecretKey(randomBytes(32));
  return (host, secret) => {
    // A list in JSON, so that no two credentials give the same text.
    const parts =
      secret.kind === 'basic'
        ? [secret.username, secret.password]
        : secret.kind === 'identity-token'
          ? [secret.username ?? null, secret.token]
          : secret.kind === 'bearer'
            ? [secret.token]
            : [];
    return createHmac('sha256', own)
      .update(JSON.stringify([host, secret.kind, ...parts]))
      .digest('base64url');
  };
};
