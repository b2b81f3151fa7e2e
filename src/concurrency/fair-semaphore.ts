import { onAbort } from './abort.ts';
import { createShares, type Owners, type Shares } from './shares.ts';

/**
 * `full`: the queue is full, or this caller had to give way to an owner that waits less. `aborted`: the signal came
 * first, and the caller has left the queue.
 */
export type Acquisition =
  | { readonly state: 'acquired'; readonly release: () => void }
  | { readonly state: 'full' }
  | { readonly state: 'aborted' };

interface FairSemaphoreLimits {
  /** How much may be held at one time. */
  readonly places: number;
  /** How many may wait. */
  readonly waiting: number;
}

/** One who waits. */
export interface Waiting {
  leave(): void;
}

/**
 * A semaphore whose places and queue are shared by owner (R26): round robin over owners, the one that holds least
 * first, and first come, first served within one owner. See {@link createShares} for how much one owner gets.
 */
export interface FairSemaphore {
  /** Takes an amount now, or not at all. @returns how to release it */
  tryAcquire(owners: Owners, amount?: number): (() => void) | undefined;
  /**
   * Calls `start` when it gets its place, at once if it can, or `lost` when it has to give way to an owner that waits
   * less. @returns undefined when as many wait as may wait
   */
  join(owners: Owners, start: (release: () => void) => void, lost: () => void): Waiting | undefined;
  /** As `join`, for a caller that waits until a signal. */
  acquire(owners: Owners, signal: AbortSignal): Promise<Acquisition>;
  resize(places: number): void;
  readonly held: number;
  readonly waiting: number;
  /** Whether nothing is held and nobody waits. */
  idle(): boolean;
}

interface Waiter {
  readonly owners: Owners;
  /** The owner that it is counted for in the line. */
  readonly stands: string;
  readonly start: (release: () => void) => void;
  readonly lost: () => void;
}

const nobody = { leave: (): void => {} };

/**
 * The waiters, and which of them is next. It is no `FairQueue`, which serves owners round robin. With that, measured, an
 * owner whose work takes five times as long as that of another holds 3 of 8 places instead of 2. Besides, a waiter may
 * have several owners, and more of them join while it waits.
 */
const createLine = (held: Shares, mostWaiting: number) => {
  const line = createShares(mostWaiting);
  const waiters = new Set<Waiter>();
  /** When an owner was last served while it waited. Its next waiter comes after those of other owners. */
  const served = new Map<string, number>();
  let timesServed = 0;

  const comesBefore = (one: string, other: string): boolean => {
    const difference = held.heldBy(one) - held.heldBy(other);
    return difference < 0 || (difference === 0 && (served.get(one) ?? 0) < (served.get(other) ?? 0));
  };
  const leave = (waiter: Waiter): void => {
    if (waiters.delete(waiter)) line.give(waiter.stands, 1);
    // The order among owners matters only while somebody waits.
    if (waiters.size === 0) served.clear();
  };
  /**
   * A full queue drops the newest waiter of the owner that has most in it, in favour of an owner that has fewer, up
   * to its quarter. Attack: a tenant with three namespaces fills the queue of a registry that all use, and nobody
   * else gets into it.
   */
  const evict = (owners: Owners): string | undefined => {
    const owner = line.least(owners);
    if (owner === undefined || line.heldBy(owner) + 1 > line.share) return undefined;
    let newest: Waiter | undefined;
    for (const waiter of waiters)
      if (newest === undefined || line.heldBy(waiter.stands) >= line.heldBy(newest.stands)) newest = waiter;
    if (newest === undefined || line.heldBy(newest.stands) <= line.heldBy(owner) + 1) return undefined;
    leave(newest);
    newest.lost();
    return owner;
  };
  return {
    join: ({ owners, start, lost }: Omit<Waiter, 'stands'>): Waiting | undefined => {
      const stands = line.payer(owners, 1) ?? evict(owners);
      if (stands === undefined) return undefined;
      const waiter: Waiter = { owners, stands, start, lost };
      line.take(stands, 1);
      waiters.add(waiter);
      return { leave: () => leave(waiter) };
    },
    /** Takes the next one out, on whose account it may start now. */
    next: (): { readonly waiter: Waiter; readonly owner: string } | undefined => {
      let best: { readonly waiter: Waiter; readonly owner: string } | undefined;
      for (const waiter of waiters) {
        const owner = held.payer(waiter.owners, 1);
        if (owner === undefined) continue;
        if (best === undefined || comesBefore(owner, best.owner)) best = { waiter, owner };
      }
      if (best === undefined) return undefined;
      served.set(best.owner, ++timesServed);
      leave(best.waiter);
      return best;
    },
    size: () => waiters.size,
  };
};

/** Waits for a place until the signal. */
const untilAborted = (
  join: FairSemaphore['join'],
  owners: Owners,
  signal: AbortSignal,
): Promise<Acquisition> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ state: 'aborted' });
      return;
    }
    let stopListening = (): void => {};
    const settle = (acquisition: Acquisition): void => {
      stopListening();
      resolve(acquisition);
    };
    const place = join(
      owners,
      (release) => settle({ state: 'acquired', release }),
      () => settle({ state: 'full' }),
    );
    if (place === undefined) resolve({ state: 'full' });
    else if (place !== nobody)
      stopListening = onAbort(signal, () => {
        place.leave();
        resolve({ state: 'aborted' });
      });
  });

export const createFairSemaphore = ({ places, waiting }: FairSemaphoreLimits): FairSemaphore => {
  const held = createShares(places);
  const line = createLine(held, waiting);

  const take = (owner: string, amount: number): (() => void) => {
    held.take(owner, amount);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      held.give(owner, amount);
      callNext();
    };
  };
  const callNext = (): void => {
    for (let next = line.next(); next !== undefined; next = line.next())
      next.waiter.start(take(next.owner, 1));
  };
  const join: FairSemaphore['join'] = (owners, start, lost) => {
    const payer = held.payer(owners, 1);
    if (payer === undefined) return line.join({ owners, start, lost });
    start(take(payer, 1));
    return nobody;
  };

  return {
    tryAcquire: (owners, amount = 1) => {
      const payer = held.payer(owners, amount);
      return payer === undefined ? undefined : take(payer, amount);
    },
    join,
    acquire: (owners, signal) => untilAborted(join, owners, signal),
    resize: (next) => {
      held.resize(next);
      callNext();
    },
    get held() {
      return held.total;
    },
    get waiting() {
      return line.size();
    },
    idle: () => held.total === 0 && line.size() === 0,
  };
};
