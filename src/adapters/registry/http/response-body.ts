import type { Readable } from 'node:stream';
import { onAbort } from '../../../concurrency/abort.ts';
import type { TakeChunk } from '../../../evidence/ports.ts';
import type { RequestBudget } from './request-budget.ts';
import type { ResponseMemory } from './response-memory.ts';

/**
 * How the read of a body ended. `chunks`: its chunks were so small that their number is an attack. `memory`: the responses
 * that are being read use up the memory for responses.
 */
export type BodyEnd =
  | { readonly end: 'whole'; readonly bytes: Uint8Array }
  | { readonly end: 'limit' }
  | { readonly end: 'chunks' }
  | { readonly end: 'memory' }
  | { readonly end: 'error'; readonly error: unknown; readonly got: number };

/** Chunks that every body may have, and the bytes that each further chunk must have on average. */
const freeChunks = 1024;
const minBytesPerChunk = 32;
/** The same for a body that is streamed. A segment of TCP has more than a thousand. */
const minBytesPerLargeChunk = 256;
/** Most bodies fit into it. */
const initialCapacity = 16 * 1024;

/**
 * Reads at most `limit` bytes into one buffer. Each chunk is copied at once and not kept. Attack: a body with one byte per
 * chunk, which would take a hundred times its length in memory (B9).
 */
export const readBody = (body: Readable, limit: number, memory: ResponseMemory): Promise<BodyEnd> =>
  new Promise((resolve) => {
    let buffer = new Uint8Array();
    let length = 0;
    let chunks = 0;
    let isSettled = false;
    const settle = (end: BodyEnd): void => {
      if (isSettled) return;
      isSettled = true;
      memory.release(buffer.length);
      buffer = new Uint8Array();
      resolve(end);
      if (end.end === 'limit' || end.end === 'chunks' || end.end === 'memory') body.destroy();
    };
    const grow = (size: number): boolean => {
      if (!memory.reserve(size - buffer.length)) return false;
      const larger = new Uint8Array(size);
      larger.set(buffer.subarray(0, length));
      buffer = larger;
      return true;
    };
    // A destroyed body emits no more events.
    if (body.destroyed) settle({ end: 'error', error: body.errored ?? undefined, got: 0 });
    body.on('data', (chunk: Uint8Array) => {
      if (isSettled) return;
      chunks += 1;
      const needed = length + chunk.length;
      const size = Math.min(limit, Math.max(initialCapacity, buffer.length * 2, needed));
      if (needed > limit) settle({ end: 'limit' });
      else if (needed > buffer.length && !grow(size)) settle({ end: 'memory' });
      if (isSettled) return;
      buffer.set(chunk, length);
      length = needed;
      if (chunks > freeChunks + length / minBytesPerChunk) settle({ end: 'chunks' });
    });
    body.on('error', (error) => settle({ end: 'error', error, got: length }));
    body.on('close', () => settle({ end: 'error', error: undefined, got: length }));
    // An exact copy, so that cached bytes do not keep the unused capacity.
    body.on('end', () => settle({ end: 'whole', bytes: buffer.slice(0, length) }));
  });

type StreamedBody =
  | Exclude<BodyEnd, { readonly end: 'whole' | 'memory' }>
  | { readonly end: 'whole'; readonly got: number }
  | { readonly end: 'stopped' };

/**
 * Hands a chunk on, and frees its memory when it ends where what its socket read at one time ends: everything in front of it
 * was handed on before. Otherwise it waits for a collection, and V8 begins none before tens of MiB have come together. A chunk
 * of the pool that Node shares among buffers never is as long as half of it: that memory is others' too.
 */
const handOn = async (take: TakeChunk, chunk: Uint8Array<ArrayBuffer>): Promise<boolean> => {
  const wantsMore = await take(chunk);
  const { buffer, byteOffset, length } = chunk;
  if (byteOffset + length === buffer.byteLength && length * 2 > buffer.byteLength) buffer.transfer(0);
  return wantsMore;
};

/**
 * Hands on at most `limit` bytes, one chunk after another, and reads on when the last one was taken. The time that its taker
 * needs is not the host's. Attack: a body that trickles in pieces of a few bytes, each of which costs as much as a large one.
 */
export const streamBody = (
  body: Readable,
  limit: number,
  take: TakeChunk,
  budget: RequestBudget,
): Promise<StreamedBody> =>
  new Promise((resolve, reject) => {
    let got = 0;
    let chunks = 0;
    let isSettled = false;
    let isTaking = false;
    let hasEnded = false;
    let stopListening = (): void => {};
    const leave = (): void => {
      isSettled = true;
      stopListening();
    };
    const settle = (end: StreamedBody): void => {
      if (isSettled) return;
      leave();
      resolve(end);
      if (end.end !== 'whole') body.destroy();
    };
    const broken = (error?: unknown): void => settle({ end: 'error', error, got });
    const goOn = (wantsMore: boolean): void => {
      isTaking = false;
      if (!wantsMore) settle({ end: 'stopped' });
      else if (hasEnded) settle({ end: 'whole', got });
      if (isSettled) return;
      budget.restart();
      body.resume();
    };
    const defect = (error: unknown): void => {
      leave();
      body.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    body.on('data', (chunk: Uint8Array<ArrayBuffer>) => {
      got += chunk.length;
      chunks += 1;
      if (got > limit) settle({ end: 'limit' });
      else if (chunks > freeChunks + got / minBytesPerLargeChunk) settle({ end: 'chunks' });
      if (isSettled) return;
      isTaking = true;
      body.pause();
      budget.pause();
      handOn(take, chunk).then(goOn, defect);
    });
    body.on('error', broken);
    body.on('close', () => {
      if (!hasEnded) broken();
    });
    // It comes with the last chunk, which may not be taken yet.
    body.on('end', () => {
      hasEnded = true;
      if (!isTaking) settle({ end: 'whole', got });
    });
    budget.restart();
    stopListening = onAbort(budget.signal, () => broken());
    // A destroyed body emits no more events.
    if (body.destroyed) broken(body.errored ?? undefined);
  });

/** Most bytes and milliseconds for draining a body. Beyond them a new connection is cheaper. */
const maxDrainBytes = 64 * 1024;
const drainTimeout = 100;

/** Draining is not counted as memory: it reads little from each connection, and connections are bounded. */
const unlimited: ResponseMemory = { reserve: () => true, release: () => undefined };

/** Reads a body and drops it. @returns whether the connection can be used again; else it is closed */
export const drainBody = async (body: Readable, declared: number | undefined): Promise<boolean> => {
  if ((declared ?? 0) > maxDrainBytes) {
    body.destroy();
    return false;
  }
  // The body of a redirect may never end. It must not delay the next hop.
  const timer = setTimeout(() => body.destroy(), drainTimeout);
  const { end } = await readBody(body, maxDrainBytes, unlimited);
  clearTimeout(timer);
  return end === 'whole';
};
