import type { Clock } from '../../concurrency/clock.ts';
import { untilAborted } from '../../concurrency/abort.ts';
import { createSingleFlight, type SharedCall, type Waiter } from '../../concurrency/single-flight.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import { unavailable, type Fact } from '../../core/facts/fact.ts';
import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';

/** A small cache in front of look-ups that cost a request. Concurrent callers with one key share one look-up. */
interface SharedFacts<T> {
  /** `what` names the thing when it is unavailable. `look` runs once for all callers that wait, and ends at its signal. */
  get(key: string, what: string, look: Look<T>, asking: Asking): Promise<Fact<T>>;
}
/** How long a caller waits, and for which namespace: look-ups under way are shared by namespace (R26). */
export interface Asking {
  readonly signal: AbortSignal;
  /** Absent when the request is for no namespace. */
  readonly namespace?: string;
}
type Look<T> = (signal: AbortSignal) => Promise<Fact<T>>;

export interface SharedFactsOptions<T> {
  readonly clock: Clock;
  /** Milliseconds for which an answer is cached for later callers. 0: it is not cached. */
  readonly keepFor: (fact: Fact<T>) => number;
  /** The weight of a cached value, for most caches bytes; 1 by default. */
  readonly weigh?: (value: T) => number;
  readonly limits: {
    readonly entries: number;
    readonly weight: number;
    /** Most look-ups under way, so that a flood does not reach the source. */
    readonly lookups: number;
    /** Milliseconds for one look-up. Its waiters have deadlines of their own. */
    readonly timeout: number;
  };
}

export const createSharedFacts = <T>(options: SharedFactsOptions<T>): SharedFacts<T> => {
  const { clock, keepFor, weigh, limits } = options;
  type Lookup = SharedCall<Fact<T>, Waiter<Fact<T>>>;
  const kept = createTtlCache<Fact<T>>(limits, clock);
  const lookups = createSingleFlight<Fact<T>, Waiter<Fact<T>>, Lookup>({ abortsUnawaited: false });
  const places = createFairSemaphore({ places: limits.lookups, waiting: 0 });

  return {
    get: (key, what, look, { signal, namespace = '' }) => {
      const found = kept.get(key);
      if (found !== undefined) return Promise.resolve(found);
      const timedOut = (): Fact<T> => unavailable(what, 'there was no answer within the deadline');
      const underWay = lookups.find(key);
      if (underWay !== undefined) return underWay.join({ signal, timedOut });
      const release = places.tryAcquire(() => [namespace]);
      if (release === undefined) {
        const why = `of the ${limits.lookups} look-ups of this kind at one time all that one namespace gets are under way already`;
        return Promise.resolve(unavailable(what, why));
      }
      const lookup = lookups.open(key, (call) => call);
      const answer = lookup.join({ signal, timedOut });
      lookup.run(async () => {
        const timeout = AbortSignal.timeout(limits.timeout);
        let fact: Fact<T>;
        try {
          // This must also end a `look` that ignores its signal: else the key would wait for it for ever.
          fact = await untilAborted(look(timeout), timeout, timedOut);
        } catch {
          // The error of a defect may contain a secret, so it is not shown (B37).
          fact = unavailable(what, 'the look-up failed unexpectedly');
        } finally {
          release();
        }
        kept.set(key, fact, keepFor(fact), fact.state === 'known' ? weigh?.(fact.value) : undefined);
        return fact;
      });
      return answer;
    },
  };
};
