import type { Clock } from '../../../concurrency/clock.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Labels } from '../../../core/policy/match/label-selector.ts';
import type { ApiClient } from '../client/client.ts';
import { type ApiProblem, type LocalReason, printable } from '../client/problem.ts';
import { NAMESPACES } from '../client/resource.ts';

/** Labels, undefined when there is no such namespace, or why that could not be found out. */
export type Looked = Result<Labels | undefined, NotLooked>;

/** `excusable` (R25): the API server is down. A flood of look-ups is none of that. */
export interface NotLooked {
  readonly why: string;
  readonly excusable: boolean;
}

const notLooked = (why: string, excusable = false): Looked => fail({ why, excusable });
const noAnswer: ReadonlySet<string> = new Set<LocalReason>(['Unreachable', 'Timeout', 'Cut']);
const isOutage = ({ status, reason }: ApiProblem): boolean =>
  status >= 500 || (status === 0 && noAnswer.has(reason));

export interface NamespaceLookup {
  get(name: string, signal: AbortSignal): Promise<Looked>;
  close(): void;
}

/** Look-ups under way at one time; more is a flood, and a flood must not reach the API server. */
const MAX_FLIGHTS = 64;
/** A look-up serves requests that came at the same time and a little later: the watch takes over then. */
const FRESH_FOR = 2000;
const MAX_FRESH = 1024;

/** Single GETs of namespaces: one at a time for each name, however many reviews ask for it. */
export function createNamespaceLookup(
  client: ApiClient,
  clock: Clock,
  read: (object: JsonObject) => Labels,
): NamespaceLookup {
  const flights = new Map<string, Promise<Looked>>();
  const fresh = new Map<string, { readonly labels: Labels; readonly until: number }>();
  const closing = new AbortController();

  const look = async (name: string): Promise<Looked> => {
    const answer = await client.request(
      { verb: 'get', resource: NAMESPACES, name, metadataOnly: true },
      closing.signal,
    );
    if (answer.ok) {
      const labels = read(answer.value);
      if (fresh.size >= MAX_FRESH) fresh.clear();
      fresh.set(name, { labels, until: clock.monotonic() + FRESH_FOR });
      return ok(labels);
    }
    // Absence is never remembered: the namespace may be created the moment after.
    const { error } = answer;
    return error.status === 404 ? ok(undefined) : notLooked(error.message, isOutage(error));
  };

  /** Never rejects, and leaves nothing behind: a flight that stayed would answer for this name for ever. */
  const fly = (name: string): Promise<Looked> => {
    const flight = look(name)
      .catch((error: unknown): Looked => notLooked(`the look-up failed: ${printable(String(error))}`))
      .finally(() => flights.delete(name));
    flights.set(name, flight);
    return flight;
  };

  return {
    get: (name, signal) => {
      const remembered = fresh.get(name);
      if (remembered !== undefined && remembered.until > clock.monotonic()) {
        return Promise.resolve(ok(remembered.labels));
      }
      fresh.delete(name);
      const flight = flights.get(name);
      if (flight !== undefined) return beforeAbort(flight, signal);
      if (flights.size >= MAX_FLIGHTS) {
        return Promise.resolve(notLooked(`${MAX_FLIGHTS} namespaces are being looked up already`));
      }
      return beforeAbort(fly(name), signal);
    },
    close: () => closing.abort(),
  };
}

/** One caller's patience ends; the flight goes on for the others. */
function beforeAbort(flight: Promise<Looked>, signal: AbortSignal): Promise<Looked> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(notLooked('the API server did not answer within the deadline', true));
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    void flight.then((looked) => {
      signal.removeEventListener('abort', giveUp);
      resolve(looked);
    });
  });
}
