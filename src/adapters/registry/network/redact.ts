import type { CredentialSecret } from '../../../evidence/ports.ts';

/** The secret texts, and the base64 of user and password (RFC 7617). */
const partsOf = (secret: CredentialSecret): readonly string[] => {
  switch (secret.kind) {
    case 'none':
      return [];
    case 'basic':
      return [secret.password, Buffer.from(`${secret.username}:${secret.password}`).toString('base64')];
    case 'identity-token':
    case 'bearer':
      return [secret.token];
    default:
      return secret satisfies never;
  }
};

/**
 * All texts sent to a host that must not be shown, plain and as a URL encodes them. `authorization`: the header.
 * @returns no empty text
 */
export const secretsToRedact = (secret: CredentialSecret, authorization?: string): readonly string[] => {
  const sent = authorization?.slice(authorization.indexOf(' ') + 1) ?? '';
  const words = [...partsOf(secret), sent];
  return [...new Set([...words, ...words.map((word) => encodeURIComponent(word.toWellFormed()))])].filter(
    (word) => word !== '',
  );
};

/**
 * Whether a text contains one of the secrets. Attack (B28, B37): an error page that quotes the request brings a password into
 * decisions and logs, where everybody who may create a Pod can read it.
 */
export const containsSecret = (text: string, words: readonly string[]): boolean =>
  words.some((word) => text.includes(word));
