/** Everywhere; core declares the part that it uses, because it is built without Node's types. */
declare const TextDecoder: new (
  encoding: string,
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const pieceLength = 4096;
/** Bytes that are not UTF-8: each high byte becomes a lone surrogate, which no UTF-8 text decodes to. */
const escapedText = (bytes: Uint8Array): string => {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const units = Uint16Array.from(bytes.subarray(at, at + pieceLength), (byte) =>
      byte < 0x80 ? byte : 0xdc00 + byte,
    );
    pieces.push(String.fromCharCode(...units));
  }
  return pieces.join('');
};

/**
 * Bytes of a file system as a text; different bytes are different texts. A decoder that replaces what it cannot read
 * would make one name of two, and one file would hide another.
 */
export const textOfBytes = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    return escapedText(bytes);
  }
};
