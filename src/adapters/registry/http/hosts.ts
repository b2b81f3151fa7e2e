import type { Clock } from '../../../concurrency/clock.ts';
import { createFairSemaphore, type FairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import { type CircuitBreakers, createCircuitBreakers } from './circuit-breakers.ts';
import type { Connection } from '../network/connection.ts';
import type { Endpoint } from '../network/endpoint.ts';
import { createRateLimitState, type RateLimitState } from './rate-limit-state.ts';
import type { RegistrySettings } from '../settings.ts';

/** The state of one host under one row of the configuration. */
export interface Host {
  /** The limit of its concurrent requests, with a fair queue by namespace (R26). */
  readonly semaphore: FairSemaphore;
  /** The same for large bodies, which must not keep reviews waiting for minutes. */
  readonly bulkSemaphore: FairSemaphore;
  readonly circuitBreakers: CircuitBreakers;
  /** The idle connection that was used last; `undefined` when there is none. */
  takeIdle(): Connection | undefined;
  /** Keeps a connection for the next request, unless the row has changed since it was made. */
  putIdle(connection: Connection, settings: RegistrySettings): void;
  removeIdle(connection: Connection): void;
  readonly rateLimits: RateLimitState;
}

export interface Hosts {
  /** @returns undefined when there are too many hosts and all of them are busy */
  get(endpoint: Endpoint): Host | undefined;
  /** Closes one idle connection of any host without a row. @returns undefined when none is idle */
  closeOneIdle(): Connection | undefined;
  close(): void;
}

/** Large bodies that are read from one host at one time. One namespace may have half of them. */
const bulkPlaces = 8;

interface Entry extends Host {
  readonly idle: Connection[];
  settings: RegistrySettings;
}

const sameRow = (first: RegistrySettings, second: RegistrySettings): boolean =>
  first.allowPrivateAddress === second.allowPrivateAddress &&
  first.plainHttp === second.plainHttp &&
  first.ca === second.ca &&
  first.client?.cert === second.client?.cert &&
  first.client?.key === second.client?.key;

const createEntry = (
  settings: RegistrySettings,
  maxWaiting: number,
  clock: Pick<Clock, 'monotonic'>,
): Entry => {
  const entry: Entry = {
    semaphore: createFairSemaphore({ places: settings.concurrency, waiting: maxWaiting }),
    bulkSemaphore: createFairSemaphore({ places: bulkPlaces, waiting: maxWaiting }),
    circuitBreakers: createCircuitBreakers(clock),
    idle: [],
    settings,
    rateLimits: createRateLimitState(clock),
    takeIdle: () => {
      for (let found = entry.idle.pop(); found !== undefined; found = entry.idle.pop()) {
        if (found.alive()) return found;
        found.close();
      }
      return undefined;
    },
    putIdle: (connection, settings) => {
      if (!connection.alive() || !sameRow(settings, entry.settings)) {
        connection.close();
        return;
      }
      entry.idle.push(connection);
      // A POST always dials, so without this limit there would be more idle connections than are ever used at once.
      if (entry.idle.length > entry.settings.concurrency) entry.idle.shift()?.close();
    },
    removeIdle: (connection) => {
      const at = entry.idle.indexOf(connection);
      if (at >= 0) entry.idle.splice(at, 1);
    },
  };
  return entry;
};

/**
 * The hosts that were asked last, by name and origin. Hosts without a row come from image names, so an attacker chooses them.
 * Their number is bounded: the least recently used idle host is evicted first, and hosts with an open circuit or a rate
 * limit last. Configured hosts are never evicted. Attack: a tenant names many silent hosts, so that the gate loses the
 * registries of the operator (B9).
 */
export const createHosts = (
  limits: { readonly maxHosts: number; readonly maxWaiting: number },
  clock: Pick<Clock, 'monotonic'>,
): Hosts => {
  const entries = new Map<string, Entry>();

  const closeIdle = (entry: Entry): void => {
    for (const connection of entry.idle.splice(0)) connection.close();
  };
  const evictOne = (): boolean => {
    const unconfigured = [...entries].filter(([, { settings }]) => settings.configured !== true);
    if (unconfigured.length < limits.maxHosts) return true;
    const idle = unconfigured.filter(([, entry]) => entry.semaphore.idle() && entry.bulkSemaphore.idle());
    const stateless = idle.find(([, host]) => !host.circuitBreakers.isOpen() && !host.rateLimits.isActive());
    const [key, entry] = stateless ?? idle[0] ?? [];
    if (key === undefined || entry === undefined) return false;
    entries.delete(key);
    closeIdle(entry);
    return true;
  };

  return {
    get: ({ name, url, settings }) => {
      const key = `${name} ${url.origin}`;
      const known = entries.get(key);
      if (known === undefined && settings.configured !== true && !evictOne()) return undefined;
      const entry = known ?? createEntry(settings, limits.maxWaiting, clock);
      // A connection that was made under another row has the trust and the addresses of that row.
      if (!sameRow(entry.settings, settings)) closeIdle(entry);
      if (entry.settings.concurrency !== settings.concurrency) entry.semaphore.resize(settings.concurrency);
      entry.settings = settings;
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    closeOneIdle: () => {
      for (const entry of entries.values()) {
        if (entry.settings.configured === true) continue;
        const connection = entry.idle.shift();
        if (connection !== undefined) {
          connection.close();
          return connection;
        }
      }
      return undefined;
    },
    close: () => {
      for (const entry of entries.values()) closeIdle(entry);
      entries.clear();
    },
  };
};
