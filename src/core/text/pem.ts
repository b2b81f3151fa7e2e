const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

export interface PemCertificates {
  /** In order, not looked into. */
  readonly blocks: readonly string[];
  /** One begins and does not end: a TLS library would pass over it without a word. */
  readonly isCut: boolean;
}

/** The certificates of a PEM text; keys and the talk between blocks are passed over. @see RFC 7468, section 2 */
export const pemCertificates = (text: string): PemCertificates => {
  const [, ...parts] = text.split(begin);
  const blocks: string[] = [];
  for (const part of parts) {
    const dash = part.indexOf('-');
    if (dash > 0 && part.startsWith(end, dash)) blocks.push(`${begin}${part.slice(0, dash)}${end}`);
  }
  return { blocks, isCut: parts.length !== blocks.length };
};
