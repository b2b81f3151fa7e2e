import type { Clock } from '../../../concurrency/clock.ts';
import { createSingleFlight, type SharedCall, type Waiter } from '../../../concurrency/single-flight.ts';
import { createTtlCache } from '../../../concurrency/cache/ttl-cache.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { ApiClient } from '../client/client.ts';
import { type ApiProblem, type LocalReason, printable } from '../client/problem.ts';
import { namespacesResource } from '../client/resource.ts';

/** What was read of it, undefined when there is no such namespace, or why that could not be found out. */
type Looked<T> = Result<T | undefined, NotLooked>;

/** `excusable` (R25): the API server is down. A flood of lookups is not excusable. */
interface NotLooked {
  readonly why: string;
  readonly excusable: boolean;
}

const notLooked = (why: string, excusable = false): Looked<never> => fail({ why, excusable });
const noAnswer: ReadonlySet<string> = new Set<LocalReason>(['Unreachable', 'Timeout', 'Cut']);
const isOutage = ({ status, reason }: ApiProblem): boolean =>
  status >= 500 || (status === 0 && noAnswer.has(reason));

interface NamespaceLookup<T> {
  get(name: string, signal: AbortSignal): Promise<Looked<T>>;
  close(): void;
}

/** Look-ups under way at one time; more is a flood, and a flood must not reach the API server. */
const maxLookups = 64;
/** A look-up serves requests that came at the same time and a little later: the watch takes over then. */
const freshFor = 2000;
const maxFresh = 1024;

const timedOut = (): Looked<never> => notLooked('the API server did not answer within the deadline', true);

/** Single GETs of namespaces: one at a time for each name, however many reviews ask for it. */
export const createNamespaceLookup = <T>(
  client: ApiClient,
  clock: Clock,
  { read, metadataOnly }: { readonly read: (object: JsonObject) => T; readonly metadataOnly: boolean },
): NamespaceLookup<T> => {
  type Lookup = SharedCall<Looked<T>, Waiter<Looked<T>>>;
  const lookups = createSingleFlight<Looked<T>, Waiter<Looked<T>>, Lookup>({ abortsUnawaited: false });
  const fresh = createTtlCache<T>({ entries: maxFresh }, clock);
  const closing = new AbortController();

  const look = async (name: string): Promise<Looked<T>> => {
    const answer = await client.request(
      { verb: 'get', resource: namespacesResource, name, metadataOnly },
      closing.signal,
    );
    if (answer.ok) {
      const found = read(answer.value);
      fresh.set(name, found, freshFor);
      return ok(found);
    }
    // Absence is never cached: the namespace may be created the moment after.
    const { error } = answer;
    return error.status === 404 ? ok(undefined) : notLooked(error.message, isOutage(error));
  };
  const lookSafely = (name: string): Promise<Looked<T>> =>
    look(name).catch((error: unknown) => notLooked(`the look-up failed: ${printable(String(error))}`));

  return {
    get: (name, signal) => {
      const cached = fresh.get(name);
      if (cached !== undefined) return Promise.resolve(ok(cached));
      const waiter = { signal, timedOut };
      const underWay = lookups.find(name);
      if (underWay !== undefined) return underWay.join(waiter);
      if (lookups.size >= maxLookups) {
        return Promise.resolve(notLooked(`${maxLookups} namespaces are being looked up already`));
      }
      const lookup = lookups.open(name, (call) => call);
      const looked = lookup.join(waiter);
      lookup.run(() => lookSafely(name));
      return looked;
    },
    close: () => closing.abort(),
  };
};
