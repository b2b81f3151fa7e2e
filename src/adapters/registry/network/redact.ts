import type { CredentialSecret } from '../../../evidence/ports.ts';

/** RFC 7617, base64 of user and password, and every secret text as a URL writes it. */
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
 * Everything that was sent to a host and must not be shown, as it may be written. `authorization`: the header.
 * @returns nothing empty
 */
export const secretsToRedact = (secret: CredentialSecret, authorization?: string): readonly string[] => {
  const sent = authorization?.slice(authorization.indexOf(' ') + 1) ?? '';
  const words = [...partsOf(secret), sent];
  return [...new Set([...words, ...words.map((word) => encodeURIComponent(word.toWellFormed()))])].filter(
    (word) => word !== '',
  );
};

/**
 * Whether a text repeats one of them. Attack (B28, B37): an error page that quotes the request carries a password into
 * decisions and logs, where everybody who may create a Pod can read it.
 */
export const containsSecret = (text: string, words: readonly string[]): boolean =>
  words.some((word) => text.includes(word));
