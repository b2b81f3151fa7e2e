/**
 * Items by the address of their peer, oldest first, to share scarce places by peer instead of first come, first
 * served.
 */
export interface ByPeer<T> {
  size(): number;
  countOf(peer: string): number;
  add(peer: string, item: T): void;
  delete(peer: string, item: T): void;
  /** The items of the peer that holds most; of equal peers, the one whose first item came first. */
  largest(): ReadonlySet<T>;
  of(peer: string): ReadonlySet<T>;
}

const none: ReadonlySet<never> = new Set<never>();

export const createByPeer = <T>(): ByPeer<T> => {
  const peers = new Map<string, Set<T>>();
  let size = 0;
  return {
    size: () => size,
    countOf: (peer) => peers.get(peer)?.size ?? 0,
    add: (peer, item) => {
      const items = peers.get(peer);
      if (items === undefined) peers.set(peer, new Set([item]));
      else if (items.has(item)) return;
      else items.add(item);
      size++;
    },
    delete: (peer, item) => {
      const items = peers.get(peer);
      if (items?.delete(item) !== true) return;
      size--;
      if (items.size === 0) peers.delete(peer);
    },
    largest: () => {
      let most: ReadonlySet<T> = none;
      for (const items of peers.values()) if (items.size > most.size) most = items;
      return most;
    },
    of: (peer) => peers.get(peer) ?? none,
  };
};
