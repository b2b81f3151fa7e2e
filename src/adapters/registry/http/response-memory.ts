import { createShares, type Owners } from '../../../concurrency/shares.ts';

/** Memory for the body of one answer that is being read; all of them share it. */
export interface AnswerRoom {
  /** @returns false when there is no room for so many more bytes */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface AnswerRooms {
  /** The room for an answer of a host with a row of its own, or of one that somebody named; by whom it is waited for. */
  of(configured: boolean, owners: Owners): AnswerRoom;
}

/**
 * Hosts that only an image name knows share a room, and those of the configuration have another: whoever may create a Pod
 * can name any number of hosts that send much and end never, and must neither exhaust the memory of the gate nor keep it
 * from the registries that it was told of (B9). Within each, namespaces have shares (R26): a quarter of the room for one
 * that reads slow answers of a host that it chose, whatever host others read from.
 */
export const createAnswerRooms = (size: number): AnswerRooms => {
  const own = createShares(size);
  const named = createShares(size);
  return {
    of: (configured, owners) => {
      const shares = configured ? own : named;
      // Who paid for which part is remembered: each part goes back to the account that it came from.
      const paid = new Map<string, number>();
      return {
        take: (bytes) => {
          const payer = shares.payer(owners, bytes);
          if (payer === undefined) return false;
          shares.take(payer, bytes);
          paid.set(payer, (paid.get(payer) ?? 0) + bytes);
          return true;
        },
        give: (bytes) => {
          let left = bytes;
          for (const [payer, held] of paid) {
            if (left <= 0) return;
            const part = Math.min(held, left);
            left -= part;
            shares.give(payer, part);
            if (part === held) paid.delete(payer);
            else paid.set(payer, held - part);
          }
        },
      };
    },
  };
};
