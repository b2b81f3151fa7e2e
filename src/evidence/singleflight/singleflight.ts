import type { Clock } from '../../concurrency/clock.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import type { Owners } from '../../concurrency/shares.ts';
import { createFlight, failed, late, type Flight, type FlightPlan } from './flight.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer } from '../ports.ts';
import type { Reading } from '../registry/read-budget.ts';

type Work<T> = (reading: Reading) => Promise<RegistryAnswer<T>>;

/**
 * Work that several reviews wait for is done once. Each leaves at its own deadline with its own budget; the work goes on
 * and has a deadline that none of them sets.
 */
export interface Flights {
  fly<T>(plan: FlightPlan, reading: Reading, work: Work<T>): Promise<RegistryAnswer<T>>;
  /** Works that have not ended, those included that nobody waits for. */
  readonly underWay: number;
}

interface Open {
  readonly flight: Flight;
  readonly began: number;
}

type Limits = Pick<EvidenceLimits, 'flights' | 'flightTime' | 'silence' | 'reviewBytes'>;

const overloaded = (host: string): RegistryAnswer<never> => {
  const why = 'too many reads are under way, or all that one namespace gets of them';
  return failed({ kind: 'busy', stage: 'queue', host, why });
};

/** Reads under way, shared by namespace: of hosts that the operator has named, and of all others (R26). */
const createPlaces = (places: number, hasRow: (host: string) => boolean) => {
  const forRows = createFairSemaphore({ places, waiting: 0 });
  const forOthers = createFairSemaphore({ places, waiting: 0 });
  return {
    take: (host: string, owners: Owners) => (hasRow(host) ? forRows : forOthers).tryTake(owners),
    held: () => forRows.held + forOthers.held,
  };
};

/** @param hasRow - whether the operator has named the host: such hosts have reads of their own (R26) */
export const createFlights = (limits: Limits, clock: Clock, hasRow: (host: string) => boolean): Flights => {
  const open = new Map<string, Open>();
  const places = createPlaces(limits.flights, hasRow);

  /** Late-comers get a flight of their own when half of its time is gone, so that they do not fail with the first. */
  const boarding = (key: string): Flight | undefined => {
    const found = open.get(key);
    if (found === undefined) return undefined;
    return clock.monotonic() - found.began < limits.flightTime / 2 ? found.flight : undefined;
  };

  const start = async <T>(
    plan: FlightPlan,
    reading: Reading,
    work: Work<T>,
    giveBack: () => void,
  ): Promise<RegistryAnswer<T>> => {
    const close = (): void => {
      if (open.get(plan.key)?.flight === flight) open.delete(plan.key);
    };
    const flight = createFlight(plan, limits, clock, close);
    open.set(plan.key, { flight, began: clock.monotonic() });
    const timer = setTimeout(() => {
      close();
      flight.expire();
    }, limits.flightTime);
    timer.unref();
    const answer = flight.board(reading);
    const run = async (): Promise<void> => {
      try {
        const result = await work(flight.reading);
        close();
        flight.land(result);
      } catch (error) {
        close();
        flight.crash(error);
      } finally {
        clearTimeout(timer);
        giveBack();
      }
    };
    void run();
    return answer as Promise<RegistryAnswer<T>>;
  };

  return {
    fly: async <T>(plan: FlightPlan, reading: Reading, work: Work<T>) => {
      const { key, host, stage } = plan;
      if (reading.signal.aborted) return late(host, stage);
      const joined = boarding(key);
      if (joined !== undefined) return joined.board(reading) as Promise<RegistryAnswer<T>>;
      const giveBack = places.take(host, reading.asker.owners);
      if (giveBack !== undefined) return start(plan, reading, work, giveBack);
      return overloaded(host);
    },
    get underWay() {
      return places.held();
    },
  };
};
