import { unavailableBy } from '../../core/facts/fact.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import type { Owners } from '../../concurrency/shares.ts';
import { createSingleFlight } from '../../concurrency/single-flight.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { Reading } from '../resolve/read-budget.ts';
import {
  createSharedRead,
  timeoutAnswer,
  type ReadPlan,
  type ReadWaiter,
  type SharedAnswer,
  type SharedRead,
} from './shared-read.ts';

type Read<T> = (reading: Reading) => Promise<RegistryAnswer<T>>;

/**
 * Does a read once for all reviews that wait for it. Each review leaves at its own deadline and has its own budget. The
 * read goes on and has a deadline of its own.
 */
export interface SharedReads {
  do<T>(plan: ReadPlan, reading: Reading, read: Read<T>): Promise<RegistryAnswer<T>>;
  /** The number of reads that have not ended, with or without waiters. */
  readonly underWay: number;
}

type Limits = Pick<EvidenceLimits, 'sharedReads' | 'sharedReadTimeout' | 'silence' | 'reviewBytes'>;

const busy = (host: string): RegistryAnswer<never> => {
  const why = 'too many reads are under way, or all that one namespace gets of them';
  return unavailableBy({ kind: 'busy', stage: 'queue', host, why });
};

/** Reads under way, shared by namespace: of hosts that the operator has named, and of all others (R26). */
const createPlaces = (places: number, hasRow: (host: string) => boolean) => {
  const forRows = createFairSemaphore({ places, waiting: 0 });
  const forOthers = createFairSemaphore({ places, waiting: 0 });
  return {
    tryAcquire: (host: string, owners: Owners) => (hasRow(host) ? forRows : forOthers).tryAcquire(owners),
    held: () => forRows.held + forOthers.held,
  };
};

/** @param hasRow - whether the operator has named the host: such hosts have reads of their own (R26) */
export const createSharedReads = (
  limits: Limits,
  clock: Clock,
  hasRow: (host: string) => boolean,
): SharedReads => {
  const places = createPlaces(limits.sharedReads, hasRow);
  const timeout = limits.sharedReadTimeout;
  const reads = createSingleFlight<SharedAnswer, ReadWaiter, SharedRead>({ timeout, abortsUnawaited: false });

  const join = (plan: ReadPlan, reading: Reading, read: Read<unknown>): Promise<SharedAnswer> => {
    const { key, host, stage } = plan;
    if (reading.signal.aborted) return Promise.resolve(timeoutAnswer(host, stage));
    const underWay = reads.find(key);
    // A read is joined only in the first half of its time, so that a late caller does not fail with it.
    if (underWay !== undefined && clock.monotonic() - underWay.began < timeout / 2)
      return underWay.join(reading);
    const release = places.tryAcquire(host, reading.requester.owners);
    if (release === undefined) return Promise.resolve(busy(host));
    const shared = reads.open(key, (call) => createSharedRead(plan, limits, clock, call));
    const answer = shared.join(reading);
    shared.run(read, release);
    return answer;
  };
  return {
    do: <T>(plan: ReadPlan, reading: Reading, read: Read<T>) =>
      join(plan, reading, read) as Promise<RegistryAnswer<T>>,
    get underWay() {
      return places.held();
    },
  };
};
