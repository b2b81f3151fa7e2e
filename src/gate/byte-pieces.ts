/** A text in pieces as they are at hand, some of them already in UTF-8. */
export type BytePieces = readonly (string | Uint8Array)[];

/** Of a UTF-16 unit in UTF-8. */
const maxUnitBytes = 3;

/** The space that the pieces fit into, whatever their texts say. */
export const mostBytes = (pieces: BytePieces): number => {
  let most = 0;
  for (const piece of pieces) most += piece.length * (typeof piece === 'string' ? maxUnitBytes : 1);
  return most;
};

/** @returns where they end */
export const writePieces = (pieces: BytePieces, to: Buffer, begin: number): number => {
  let end = begin;
  for (const piece of pieces) {
    if (typeof piece === 'string') end += to.write(piece, end);
    else {
      to.set(piece, end);
      end += piece.length;
    }
  }
  return end;
};

/** All of them in a buffer of their length. */
export const joinPieces = (pieces: BytePieces): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
