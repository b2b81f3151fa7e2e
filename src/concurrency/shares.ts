/**
 * The owners of held resources: names of namespaces, `''` for none. Called each time: shared work belongs to all who
 * wait for it, and a later waiter counts from then on.
 */
export type Owners = () => Iterable<string>;

/** A resource that is counted by owner, so that no owner can take all of it. */
export interface Shares {
  /** The owner that may take this amount now; of several the one that holds least. `undefined` when none may. */
  payer(owners: Owners, amount: number): string | undefined;
  /** The one of these owners that holds least. */
  least(owners: Owners): string | undefined;
  /** What each owner has a right to. */
  readonly share: number;
  take(owner: string, amount: number): void;
  give(owner: string, amount: number): void;
  heldBy(owner: string): number;
  resize(size: number): void;
  readonly total: number;
}

/** While others wait too, one owner gets no more than this part of the capacity (R26). */
export const fairShare = 1 / 4;

/** With a capacity below this no share could be kept free for a third owner, so nothing is kept free. */
const smallest = 4;
/** How many owners of one piece of work are compared: bounds the cost of one decision. */
const maxOwners = 16;

/**
 * R26. An owner has a right to a quarter. Beyond that it gets what others do not need, and never the last half. Two
 * owners that do their worst hold half and a quarter, and a third finds its quarter free. Nothing has to be taken
 * away from anybody for that, so no work is lost.
 */
export const createShares = (size: number): Shares => {
  const held = new Map<string, number>();
  let capacity = size;
  let total = 0;

  const heldBy = (owner: string): number => held.get(owner) ?? 0;
  const share = (): number => Math.max(1, Math.floor(capacity * fairShare));
  const may = (owner: string, amount: number): boolean => {
    const kept = capacity < smallest ? 0 : Math.floor(capacity / 2);
    const within = heldBy(owner) + amount <= share();
    return total + amount <= (within ? capacity : capacity - kept);
  };

  /** The owner that holds least among those that may take. */
  const least = (owners: Owners, isMeant: (owner: string) => boolean): string | undefined => {
    let best: string | undefined;
    let looked = 0;
    for (const owner of owners()) {
      if (++looked > maxOwners) break;
      if (isMeant(owner) && (best === undefined || heldBy(owner) < heldBy(best))) best = owner;
    }
    return best;
  };

  return {
    payer: (owners, amount) => least(owners, (owner) => may(owner, amount)),
    least: (owners) => least(owners, () => true),
    get share() {
      return share();
    },
    take: (owner, amount) => {
      total += amount;
      held.set(owner, heldBy(owner) + amount);
    },
    give: (owner, amount) => {
      total -= amount;
      const left = heldBy(owner) - amount;
      if (left > 0) held.set(owner, left);
      else held.delete(owner);
    },
    heldBy,
    resize: (next) => {
      capacity = next;
    },
    get total() {
      return total;
    },
  };
};
