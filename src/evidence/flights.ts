import { createFlight, failed, late, type Flight, type FlightPlan } from './flight.ts';
import type { EvidenceLimits } from './limits.ts';
import type { EvidenceClock, RegistryAnswer } from './ports.ts';
import type { Reading } from './read-budget.ts';

type Work<T> = (reading: Reading) => Promise<RegistryAnswer<T>>;

/**
 * Work that several reviews wait for is done once. Each leaves at its own deadline with its own budget; the work ends
 * early only when nobody waits any more, and has a deadline that none of them sets.
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

export const createFlights = (
  limits: Pick<EvidenceLimits, 'flights' | 'flightTime'>,
  clock: EvidenceClock,
): Flights => {
  const open = new Map<string, Open>();
  let underWay = 0;

  /** Late-comers get a flight of their own when half of its time is gone, so that they do not fail with the first. */
  const boarding = (key: string): Flight | undefined => {
    const found = open.get(key);
    if (found === undefined) return undefined;
    return clock.monotonic() - found.began < limits.flightTime / 2 ? found.flight : undefined;
  };

  const start = async <T>(plan: FlightPlan, reading: Reading, work: Work<T>): Promise<RegistryAnswer<T>> => {
    const close = (): void => {
      if (open.get(plan.key)?.flight === flight) open.delete(plan.key);
    };
    const flight = createFlight(plan, close);
    open.set(plan.key, { flight, began: clock.monotonic() });
    const timer = setTimeout(() => {
      close();
      flight.expire();
    }, limits.flightTime);
    timer.unref();
    const answer = flight.board(reading);
    const run = async (): Promise<void> => {
      underWay += 1;
      try {
        const result = await work(flight.reading);
        close();
        flight.land(result);
      } catch (error) {
        close();
        flight.crash(error);
      } finally {
        clearTimeout(timer);
        underWay -= 1;
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
      if (underWay < limits.flights) return start(plan, reading, work);
      return failed({ kind: 'limit', stage: 'queue', host, why: 'too many reads are under way, try again' });
    },
    get underWay() {
      return underWay;
    },
  };
};
