import { createShares, type Owners } from '../../../concurrency/shares.ts';

/** Memory for the body of one response, from the budget that all responses share. */
export interface ResponseMemory {
  /** @returns false when the budget has fewer bytes left */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

interface ResponseMemoryBudget {
  /** @param configured - the host has a row of its own; @param owners - the namespaces that wait for the response */
  forResponse(configured: boolean, owners: Owners): ResponseMemory;
}

/**
 * Configured hosts share one budget, and all other hosts share another. Attack: a tenant names hosts that send endless
 * responses. They must neither exhaust the memory of the gate nor keep it from the configured registries (B9). Within each
 * budget namespaces have shares (R26), so that a namespace with slow responses holds a quarter at most, whatever hosts the
 * others read from.
 */
export const createResponseMemoryBudget = (size: number): ResponseMemoryBudget => {
  const configuredHosts = createShares(size);
  const otherHosts = createShares(size);
  return {
    forResponse: (configured, owners) => {
      const shares = configured ? configuredHosts : otherHosts;
      // Each part goes back to the account that it was taken from.
      const paid = new Map<string, number>();
      return {
        reserve: (bytes) => {
          const payer = shares.payer(owners, bytes);
          if (payer === undefined) return false;
          shares.take(payer, bytes);
          paid.set(payer, (paid.get(payer) ?? 0) + bytes);
          return true;
        },
        release: (bytes) => {
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
