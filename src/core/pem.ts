const begin = '-----BEGIN CERTIFICATE-----';
const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface PemCertificates {
  /** In order, not looked into. */
  readonly blocks: readonly string[];
  /** One begins and does not end: a TLS library would pass over it without a word. */
  readonly isCut: boolean;
}

/** The certificates of a PEM text; keys and the talk between blocks are passed over. @see RFC 7468, section 2 */
export const pemCertificates = (text: string): PemCertificates => {
  const blocks = text.match(block) ?? [];
  return { blocks, isCut: text.split(begin).length - 1 !== blocks.length };
};
