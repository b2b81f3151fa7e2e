import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { CredentialSecret } from '../ports.ts';

/**
 * Makes the keys by which caches distinguish credentials: equal for equal secrets of one host, from whichever
 * namespace, and different for two hosts. HMAC-SHA256 under a key that only this process has: an attacker who sees a
 * key can neither test guesses of a password nor recognise it in another process.
 */
export const createCredentialKeys = (): ((host: string, secret: CredentialSecret) => string) => {
  // Bytes would be made into a key at each use, which takes seven times as long as the hash.
  const own = createSecretKey(randomBytes(32));
  return (host, secret) => {
    // A list in JSON, so that no two credentials are written alike.
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
