import { createLruCache } from '../../../concurrency/lru-cache.ts';
import type { Visitor } from './authorization.ts';
import type { Offer } from './auth-scheme.ts';

/** How a login was accepted: what the registry offered, and which of the ways in it was taken. */
export interface Accepted {
  readonly offer: Offer;
  /** Place in `waysOf`. */
  readonly at: number;
}

/**
 * How registries were logged in at. It saves the question that is refused and decides nothing: a way that is refused
 * is as if nothing had been remembered. Only what a registry accepted is kept.
 */
export interface LoginMemory {
  of(visitor: Visitor): Accepted | undefined;
  keep(visitor: Visitor, accepted: Accepted): void;
}

const kept = 4096;

const accountOf = ({ host, scope, credential }: Visitor): string =>
  JSON.stringify([host, scope ?? '', credential.key]);

export const createLoginMemory = (): LoginMemory => {
  const accepted = createLruCache<Accepted>({ entries: kept });
  return {
    of: (visitor) => accepted.get(accountOf(visitor)) ?? accepted.get(visitor.host),
    keep: (visitor, { offer, at }) => {
      accepted.set(visitor.host, { offer, at: 0 });
      // Most registries take the first way for everybody.
      if (at > 0) accepted.set(accountOf(visitor), { offer, at });
      else accepted.delete(accountOf(visitor));
    },
  };
};
