import type { Readable } from 'node:stream';

/** How reading a body ended. `pieces`: it came in pieces so small that their number is an attack. */
export type BodyEnd =
  | { readonly end: 'whole'; readonly bytes: Uint8Array }
  | { readonly end: 'limit' }
  | { readonly end: 'pieces' }
  | { readonly end: 'error'; readonly error: unknown; readonly got: number };

/** Pieces that a body may have at the start, and how many bytes each further one must bring on average. */
const freePieces = 1024;
const bytesPerPiece = 32;

/**
 * Reads at most `limit` bytes into one block. Pieces are copied at once, not kept: a chunked body of one byte a chunk
 * would cost a hundred times its length otherwise (B9).
 */
export const readBody = (body: Readable, limit: number): Promise<BodyEnd> =>
  new Promise((resolve) => {
    let block = new Uint8Array(Math.min(limit, 16 * 1024));
    let length = 0;
    let pieces = 0;
    const settle = (end: BodyEnd): void => {
      resolve(end);
      if (end.end === 'limit' || end.end === 'pieces') body.destroy();
    };
    // Its events have been: nobody would call us.
    if (body.destroyed) settle({ end: 'error', error: body.errored ?? undefined, got: 0 });
    body.on('data', (piece: Uint8Array) => {
      pieces += 1;
      if (length + piece.length > limit) {
        settle({ end: 'limit' });
        return;
      }
      if (length + piece.length > block.length) {
        const larger = new Uint8Array(Math.min(limit, Math.max(block.length * 2, length + piece.length)));
        larger.set(block.subarray(0, length));
        block = larger;
      }
      block.set(piece, length);
      length += piece.length;
      if (pieces > freePieces + length / bytesPerPiece) settle({ end: 'pieces' });
    });
    body.on('error', (error) => settle({ end: 'error', error, got: length }));
    body.on('close', () => settle({ end: 'error', error: undefined, got: length }));
    // An exact copy: what is kept must not hold on to the room that was left.
    body.on('end', () => settle({ end: 'whole', bytes: block.slice(0, length) }));
  });

/** Bytes that are read away to keep a connection, and milliseconds; with more of either it is cheaper to dial again. */
const worthDraining = 64 * 1024;
const drainTime = 100;

/** Reads a body away. @returns whether the connection can be used again; else it is closed */
export const drainBody = async (body: Readable, declared: number | undefined): Promise<boolean> => {
  if ((declared ?? 0) > worthDraining) {
    body.destroy();
    return false;
  }
  // A redirect whose body never ends must not hold up the next step.
  const timer = setTimeout(() => body.destroy(), drainTime);
  const { end } = await readBody(body, worthDraining);
  clearTimeout(timer);
  return end === 'whole';
};
