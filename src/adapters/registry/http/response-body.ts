import type { Readable } from 'node:stream';
import type { AnswerRoom } from './response-memory.ts';

/**
 * How reading a body ended. `pieces`: it came in pieces so small that their number is an attack. `room`: answers that are
 * being read take all the memory that is meant for them.
 */
export type BodyEnd =
  | { readonly end: 'whole'; readonly bytes: Uint8Array }
  | { readonly end: 'limit' }
  | { readonly end: 'pieces' }
  | { readonly end: 'room' }
  | { readonly end: 'error'; readonly error: unknown; readonly got: number };

/** Pieces that a body may have at the start, and how many bytes each further one must bring on average. */
const freePieces = 1024;
const bytesPerPiece = 32;
/** The first block, which most bodies fit in. */
const firstBlock = 16 * 1024;

/**
 * Reads at most `limit` bytes into one block. Pieces are copied at once, not kept: a chunked body of one byte a chunk
 * would cost a hundred times its length otherwise (B9).
 */
export const readBody = (body: Readable, limit: number, room: AnswerRoom): Promise<BodyEnd> =>
  new Promise((resolve) => {
    let block = new Uint8Array();
    let length = 0;
    let pieces = 0;
    let settled = false;
    const settle = (end: BodyEnd): void => {
      if (settled) return;
      settled = true;
      room.give(block.length);
      block = new Uint8Array();
      resolve(end);
      if (end.end === 'limit' || end.end === 'pieces' || end.end === 'room') body.destroy();
    };
    const enlarge = (size: number): boolean => {
      if (!room.take(size - block.length)) return false;
      const larger = new Uint8Array(size);
      larger.set(block.subarray(0, length));
      block = larger;
      return true;
    };
    // Its events have been: nobody would call us.
    if (body.destroyed) settle({ end: 'error', error: body.errored ?? undefined, got: 0 });
    body.on('data', (piece: Uint8Array) => {
      if (settled) return;
      pieces += 1;
      const needed = length + piece.length;
      const size = Math.min(limit, Math.max(firstBlock, block.length * 2, needed));
      if (needed > limit) settle({ end: 'limit' });
      else if (needed > block.length && !enlarge(size)) settle({ end: 'room' });
      if (settled) return;
      block.set(piece, length);
      length = needed;
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

/** So little is drained of each connection, and connections are bounded, that it needs no book. */
const noBook: AnswerRoom = { take: () => true, give: () => undefined };

/** Reads a body away. @returns whether the connection can be used again; else it is closed */
export const drainBody = async (body: Readable, declared: number | undefined): Promise<boolean> => {
  if ((declared ?? 0) > worthDraining) {
    body.destroy();
    return false;
  }
  // A redirect whose body never ends must not hold up the next step.
  const timer = setTimeout(() => body.destroy(), drainTime);
  const { end } = await readBody(body, worthDraining, noBook);
  clearTimeout(timer);
  return end === 'whole';
};
