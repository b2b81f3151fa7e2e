import type { Clock } from '../../../concurrency/clock.ts';
import type { Result } from '../../../core/result.ts';
import { createSharedAsker, type SharedAsker } from '../../../evidence/singleflight/shared-asker.ts';
import type { Asker, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import { createLruCache } from '../../../concurrency/lru-cache.ts';
import type { Token } from './token.ts';

/** Where a token is good: one registry, one token server, one scope, one credential. Never used for another of them. */
export interface TokenKey {
  readonly host: string;
  /** Address of the token server, and the service that it was asked for. */
  readonly server: string;
  /** Empty for none. */
  readonly scope: string;
  /** {@link Credential.key} */
  readonly credential: string;
}

type Asked = Result<Token, RegistryFailure>;
/** In the name of all who wait. */
type AskShared = (shared: Pick<ReadBudget, 'signal'> & { readonly asker: Asker }) => Promise<Asked>;

interface Flight {
  readonly asked: Promise<Asked>;
  readonly controller: AbortController;
  /** All who wait for it: whoever comes later must not wait in the line of the one who came first (R26). */
  readonly askers: SharedAsker;
  waiting: number;
}
interface Kept {
  readonly text: string;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** Part of its life that a token is used for: the rest is for clocks and roads. */
const usedShare = 0.8;

export interface TokenCache {
  /** A token that is good for a while still. */
  get(key: TokenKey): string | undefined;
  /** Forgets a token that was refused, unless another one has taken its place. */
  drop(key: TokenKey, text: string): void;
  /**
   * Asks for a token and keeps it. Several callers with one key share one question; it goes on while one of them waits.
   * @returns undefined when the caller's own signal ended first
   */
  obtain(
    key: TokenKey,
    visitor: Pick<ReadBudget, 'signal' | 'asker'>,
    ask: AskShared,
  ): Promise<Asked | undefined>;
}

const nameOf = ({ host, server, scope, credential }: TokenKey): string =>
  JSON.stringify([host, server, scope, credential]);

/** What comes first: the promise, or the end of the signal (undefined). */
const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });

/** @param limit - tokens kept; the one that was used longest ago goes first */
export const createTokenCache = (clock: Pick<Clock, 'monotonic'>, limit = 4096): TokenCache => {
  const kept = createLruCache<Kept>({ entries: limit });
  const flights = new Map<string, Flight>();

  const keep = (name: string, token: Token, asked: number): void =>
    kept.set(name, { text: token.text, until: asked + token.lifetime * usedShare });
  const start = (name: string, ask: AskShared, first: Asker | undefined): Flight => {
    const controller = new AbortController();
    const since = clock.monotonic();
    const askers = createSharedAsker();
    askers.join(first);
    const asked = ask({ signal: controller.signal, asker: askers.asker }).then((answer) => {
      if (answer.ok && !controller.signal.aborted) keep(name, answer.value, since);
      return answer;
    });
    const flight: Flight = { asked, controller, askers, waiting: 0 };
    const land = (): void => {
      if (flights.get(name) === flight) flights.delete(name);
    };
    asked.then(land, land);
    flights.set(name, flight);
    return flight;
  };

  return {
    get: (key) => {
      const name = nameOf(key);
      const found = kept.get(name);
      if (found === undefined || found.until > clock.monotonic()) return found?.text;
      kept.delete(name);
      return undefined;
    },
    drop: (key, text) => {
      const name = nameOf(key);
      if (kept.get(name)?.text === text) kept.delete(name);
    },
    obtain: async (key, { signal, asker }, ask) => {
      if (signal.aborted) return undefined;
      const name = nameOf(key);
      const flight = flights.get(name) ?? start(name, ask, asker);
      flight.askers.join(asker);
      flight.waiting++;
      try {
        return await unlessAborted(flight.asked, signal);
      } finally {
        flight.waiting--;
        if (flight.waiting === 0) {
          if (flights.get(name) === flight) flights.delete(name);
          flight.controller.abort();
        }
      }
    },
  };
};
