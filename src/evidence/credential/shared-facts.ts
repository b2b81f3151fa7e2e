import type { Clock } from '../../concurrency/clock.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import { unavailable, type Fact } from '../../core/facts/fact.ts';
import { createLruCache } from '../../concurrency/lru-cache.ts';

/** A small cache in front of look-ups that cost a request: one at a time for each key, however many ask for it. */
export interface SharedFacts<T> {
  /** `what` names the thing in an answer that it is unavailable. `look` ends at its signal; it runs for all who wait. */
  get(key: string, what: string, look: Look<T>, asking: Asking): Promise<Fact<T>>;
}
/** Until when one who asks waits, and for whom: look-ups under way are shared by namespace (R26). */
export interface Asking {
  readonly signal: AbortSignal;
  /** Absent: for nobody in particular. */
  readonly namespace?: string;
}
export type Look<T> = (signal: AbortSignal) => Promise<Fact<T>>;

export interface SharedFactsOptions<T> {
  readonly clock: Clock;
  /** Milliseconds for which an answer serves others who come later; 0: not at all. */
  readonly keepFor: (fact: Fact<T>) => number;
  /** What keeping it costs, in bytes or so; 1 unless told otherwise. */
  readonly weigh?: (value: T) => number;
  readonly limits: {
    readonly entries: number;
    readonly weight: number;
    /** Look-ups under way at one time: a flood must not reach what is behind. */
    readonly flights: number;
    /** Milliseconds for one look-up; those who wait have deadlines of their own. */
    readonly patience: number;
  };
}

/** Remembers answers for as long as they may serve. */
const createShelf = <T>({ clock, keepFor, weigh, limits }: SharedFactsOptions<T>) => {
  const kept = createLruCache<{ readonly fact: Fact<T>; readonly until: number }>(limits);
  return {
    find: (key: string): Fact<T> | undefined => {
      const found = kept.get(key);
      if (found === undefined || found.until > clock.monotonic()) return found?.fact;
      kept.delete(key);
      return undefined;
    },
    put: (key: string, fact: Fact<T>): void => {
      const time = keepFor(fact);
      if (!(time > 0)) return;
      const weight = fact.state === 'known' ? weigh?.(fact.value) : undefined;
      kept.set(key, { fact, until: clock.monotonic() + time }, weight);
    },
  };
};

/** One caller's patience ends; the look-up goes on for the others. */
const beforeAbort = <T>(flight: Promise<Fact<T>>, what: string, signal: AbortSignal): Promise<Fact<T>> =>
  new Promise((resolve) => {
    const giveUp = (): void => resolve(unavailable(what, 'there was no answer within the deadline'));
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    void flight.then((fact) => {
      signal.removeEventListener('abort', giveUp);
      resolve(fact);
    });
  });

export const createSharedFacts = <T>(options: SharedFactsOptions<T>): SharedFacts<T> => {
  const { limits } = options;
  const shelf = createShelf(options);
  const flights = new Map<string, Promise<Fact<T>>>();
  const places = createFairSemaphore({ places: limits.flights, waiting: 0 });

  const fly = (key: string, what: string, look: Look<T>, giveBack: () => void): Promise<Fact<T>> => {
    const patience = AbortSignal.timeout(limits.patience);
    // The error of a defect may hold anything, a secret too: it is not shown (B37).
    const answer = look(patience).catch((): Fact<T> => unavailable(what, 'the look-up failed unexpectedly'));
    // Also when `look` does not heed its signal: a flight that stayed would answer for this key for ever.
    const flight = beforeAbort(answer, what, patience).then((fact) => {
      flights.delete(key);
      giveBack();
      shelf.put(key, fact);
      return fact;
    });
    flights.set(key, flight);
    return flight;
  };

  return {
    get: (key, what, look, { signal, namespace = '' }) => {
      const found = shelf.find(key);
      if (found !== undefined) return Promise.resolve(found);
      const flight = flights.get(key);
      if (flight !== undefined) return beforeAbort(flight, what, signal);
      const giveBack = places.tryTake(() => [namespace]);
      if (giveBack !== undefined) return beforeAbort(fly(key, what, look, giveBack), what, signal);
      const why = `of the ${limits.flights} look-ups of this kind at one time all that one namespace gets are under way already`;
      return Promise.resolve(unavailable(what, why));
    },
  };
};
