const decoded = (text: string, alphabets: readonly ('base64' | 'base64url')[]): Uint8Array | undefined => {
  const bytes = Buffer.from(text, 'base64');
  const isExact = alphabets.some((alphabet) => {
    const again = bytes.toString(alphabet);
    return again === text || (alphabet === 'base64url' && again === text.replace(/={1,2}$/, ''));
  });
  return isExact ? new Uint8Array(bytes) : undefined;
};

/**
 * Reads base64 of the standard alphabet with its padding, or nothing: Node would skip what does not belong there, so that
 * two texts would be one signature.
 * @see RFC 4648, section 4
 */
export const readBase64 = (text: string): Uint8Array | undefined => decoded(text, ['base64']);

/** The same; the alphabet for URLs counts too, which DSSE and the JSON of protocol buffers allow. */
export const readAnyBase64 = (text: string): Uint8Array | undefined => decoded(text, ['base64', 'base64url']);
