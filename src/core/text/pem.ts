const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

interface PemCertificates {
  /** In order, not looked into. */
  readonly blocks: readonly string[];
  /** A certificate begins and does not end: a TLS library would skip it in silence. */
  readonly isCut: boolean;
}

/**
 * The certificates of a PEM text. Keys and text between blocks are skipped.
 * @see RFC 7468, section 2
 */
export const pemCertificates = (text: string): PemCertificates => {
  const [, ...parts] = text.split(begin);
  const blocks: string[] = [];
  for (const part of parts) {
    const dash = part.indexOf('-');
    if (dash > 0 && part.startsWith(end, dash)) blocks.push(`${begin}${part.slice(0, dash)}${end}`);
  }
  return { blocks, isCut: parts.length !== blocks.length };
};
