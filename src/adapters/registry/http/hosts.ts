import { createFairSemaphore, type FairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import { type Breakers, createBreakers } from './circuit-breakers.ts';
import type { Connection } from '../network/connection.ts';
import type { Hop } from '../network/endpoint.ts';
import { createPauses, type Pauses } from './rate-limit-state.ts';
import type { RegistrySettings } from '../settings.ts';

/** What is remembered of one host under one row. */
export interface Host {
  /** Requests under way to it and those that wait, shared by namespace first (R26). */
  readonly turns: FairSemaphore;
  readonly breakers: Breakers;
  /** A connection that has been used, newest first; `undefined` when there is none. */
  takeIdle(): Connection | undefined;
  /** Keeps a connection for the next request, if the row is still the one that it was made under. */
  keep(connection: Connection, settings: RegistrySettings): void;
  forget(connection: Connection): void;
  /** Until when the host asked not to be asked (`Retry-After`). */
  readonly pauses: Pauses;
}

export interface Hosts {
  /** @returns undefined when every host that is remembered is busy */
  of(hop: Hop): Host | undefined;
  /** Closes one idle connection of any host without a row. @returns undefined when there is none */
  closeOneIdle(): Connection | undefined;
  close(): void;
}

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

const createEntry = (settings: RegistrySettings, mayWait: number, clock: { monotonic(): number }): Entry => {
  const entry: Entry = {
    turns: createFairSemaphore({ places: settings.concurrency, waiting: mayWait }),
    breakers: createBreakers(clock),
    idle: [],
    settings,
    pauses: createPauses(clock),
    takeIdle: () => {
      for (let found = entry.idle.pop(); found !== undefined; found = entry.idle.pop()) {
        if (found.alive()) return found;
        found.close();
      }
      return undefined;
    },
    keep: (connection, settings) => {
      if (!connection.alive() || !sameRow(settings, entry.settings)) {
        connection.close();
        return;
      }
      entry.idle.push(connection);
      // POST always dials: without this the idle ones would become more than are ever used at once.
      if (entry.idle.length > entry.settings.concurrency) entry.idle.shift()?.close();
    },
    forget: (connection) => {
      const at = entry.idle.indexOf(connection);
      if (at >= 0) entry.idle.splice(at, 1);
    },
  };
  return entry;
};

/**
 * The hosts that were asked last. Names of hosts without a row come from image names, so an attacker chooses them: there
 * are at most so many of them. The one that was not asked for the longest time goes first, of those that nobody is
 * asking; one whose breaker is open or that asked for a pause only when there is no other. Hosts that the operator
 * configured are always remembered: 256 silent hosts must not keep the gate from the registry of the house (B9).
 */
export const createHosts = (
  limits: { readonly hosts: number; readonly waiting: number },
  clock: { monotonic(): number },
): Hosts => {
  const entries = new Map<string, Entry>();

  const closeIdle = (entry: Entry): void => {
    for (const connection of entry.idle.splice(0)) connection.close();
  };
  const makeRoom = (): boolean => {
    const strangers = [...entries].filter(([, { settings }]) => settings.configured !== true);
    if (strangers.length < limits.hosts) return true;
    const free = strangers.filter(([, entry]) => entry.turns.idle());
    const plain = free.find(([, { breakers, pauses }]) => !breakers.isOpen() && !pauses.any());
    const [key, entry] = plain ?? free[0] ?? [];
    if (key === undefined || entry === undefined) return false;
    entries.delete(key);
    closeIdle(entry);
    return true;
  };

  return {
    of: ({ name, url, settings }) => {
      const key = `${name} ${url.origin}`;
      const known = entries.get(key);
      if (known === undefined && settings.configured !== true && !makeRoom()) return undefined;
      const entry = known ?? createEntry(settings, limits.waiting, clock);
      // What was connected under another row would carry its trust or its private address over.
      if (!sameRow(entry.settings, settings)) closeIdle(entry);
      if (entry.settings.concurrency !== settings.concurrency) entry.turns.resize(settings.concurrency);
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
