import type { Clock } from '../../../concurrency/clock.ts';
import type { Result } from '../../../core/result.ts';
import {
  createSharedRequester,
  type SharedRequester,
} from '../../../evidence/single-flight/shared-requester.ts';
import type { Requester, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import { createSingleFlight, type SharedCall, type Waiter } from '../../../concurrency/single-flight.ts';
import { createTtlCache } from '../../../concurrency/ttl-cache.ts';
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
/** In the name of all waiters. */
type AskShared = (shared: Pick<ReadBudget, 'signal'> & { readonly requester: Requester }) => Promise<Asked>;

/** The part of its life for which a token is used. The rest is for clock differences and the time on the way. */
const usedShare = 0.8;

interface TokenCache {
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
    waiter: Pick<ReadBudget, 'signal' | 'requester'>,
    ask: AskShared,
  ): Promise<Asked | undefined>;
}

const nameOf = ({ host, server, scope, credential }: TokenKey): string =>
  JSON.stringify([host, server, scope, credential]);

/** A token request and its owners: a later waiter must not wait in the queue of the first one (R26). */
interface SharedRequest {
  readonly call: SharedCall<Asked | undefined, Waiter<undefined>>;
  readonly requesters: SharedRequester;
}

/** @param limit - tokens to keep; the least recently used one is removed first */
export const createTokenCache = (clock: Pick<Clock, 'monotonic'>, limit = 4096): TokenCache => {
  const kept = createTtlCache<string>({ entries: limit }, clock);
  const requests = createSingleFlight<Asked | undefined, Waiter<undefined>, SharedRequest>({
    abortsUnawaited: true,
  });

  const askAndKeep = async (
    name: string,
    ask: AskShared,
    { call, requesters }: SharedRequest,
  ): Promise<Asked> => {
    const asked = clock.monotonic();
    const answer = await ask({ signal: call.signal, requester: requesters.requester });
    // Its life counts from the question.
    const life = answer.ok ? answer.value.lifetime * usedShare - (clock.monotonic() - asked) : 0;
    if (answer.ok && !call.signal.aborted) kept.set(name, answer.value.text, life);
    return answer;
  };

  return {
    get: (key) => kept.get(nameOf(key)),
    drop: (key, text) => {
      const name = nameOf(key);
      if (kept.get(name) === text) kept.delete(name);
    },
    obtain: (key, { signal, requester }, ask) => {
      if (signal.aborted) return Promise.resolve(undefined);
      const name = nameOf(key);
      const underWay = requests.find(name);
      const request =
        underWay ?? requests.open(name, (call) => ({ call, requesters: createSharedRequester() }));
      request.requesters.join(requester);
      const answer = request.call.join({ signal, timedOut: () => undefined });
      if (underWay === undefined) request.call.run(() => askAndKeep(name, ask, request));
      return answer;
    },
  };
};
