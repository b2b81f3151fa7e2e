import { ok, type Result } from '../result.ts';
import type { Failed, Unreadable } from '../text/unreadable.ts';
import type { FileReader } from '../layer/layer-reader.ts';
import type { TarBody } from '../layer/tar/tar-entry.ts';

const maxFirstBuffer = 65_536;
/** Memory beyond it is taken at once: a system gives it page by page, when something is written into it. */
const maxDoubled = 1_048_576;

/**
 * Collects a file whose bytes are needed together, or its beginning.
 * @param size what the archive says: no memory is taken for it until the bytes are there
 * @param most bytes that are kept
 * @param read gets what was kept, whose memory is freed behind the call, and whether that is the whole file
 */
export const collectFile = <T>(
  size: number,
  most: number,
  read: (bytes: Uint8Array, isWhole: boolean) => Result<T | undefined, Unreadable>,
): FileReader<T> => {
  const kept = Math.min(size, most);
  let bytes = new Uint8Array(Math.min(kept, maxFirstBuffer));
  let filled = 0;
  const grow = (needed: number): void => {
    if (needed <= bytes.length) return;
    const wanted = needed > maxDoubled ? kept : Math.min(kept, Math.max(needed, bytes.length * 2));
    // Moves the bytes, and frees the memory in which they stood.
    bytes = new Uint8Array(bytes.buffer.transfer(wanted));
  };
  return {
    body: {
      write: (chunk) => {
        const taken = Math.min(chunk.length, kept - filled);
        if (taken <= 0) return;
        grow(filled + taken);
        bytes.set(chunk.subarray(0, taken), filled);
        filled += taken;
      },
      hole: (length) => {
        const taken = Math.min(length, kept - filled);
        grow(filled + taken);
        filled += taken;
      },
      end: () => undefined,
    },
    found: () => {
      const found = read(bytes.subarray(0, filled), size <= most);
      bytes.buffer.transfer(0);
      return found;
    },
  };
};

const unread: TarBody = { write: () => undefined, hole: () => undefined, end: () => undefined };

/** Says of a file what its name says, whatever it holds. */
export const namedFile = <T>(found: T): FileReader<T> => ({ body: unread, found: () => ok(found) });

/** A file that ends the reading of its layer. Nothing of it is kept. */
export const refusedFile = (failure: Failed): FileReader<never> => ({ body: unread, found: () => failure });
