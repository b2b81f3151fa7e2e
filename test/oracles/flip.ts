/** The same bytes with one bit turned. @param at which one, as a part of all */
export const flipBit = (bytes: Buffer, at: number): Buffer => {
  const flipped = Buffer.from(bytes);
  const bit = Math.floor(at * bytes.length * 8);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
};

export const flipBase64 = (base64: string, at: number): string =>
  flipBit(Buffer.from(base64, 'base64'), at).toString('base64');
