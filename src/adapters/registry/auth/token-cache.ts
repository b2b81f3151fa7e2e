import type { Clock } from '../../../concurrency/clock.ts';
import type { Result } from '../../../core/result.ts';
import {
  createSharedRequester,
  type SharedRequester,
} from '../../../evidence/single-flight/shared-requester.ts';
import type { Requester, ReadBudget, RegistryFailure } from '../../../evidence/ports.ts';
import { createSingleFlight, type SharedCall, type Waiter } from '../../../concurrency/single-flight.ts';
import { createTtlCache } from '../../../concurrency/cache/ttl-cache.ts';
import type { Token } from './token.ts';

/** A token is used only for its own registry, token server, scope and credential. */
export interface TokenKey {
  readonly host: string;
  /** Address of the token server, and the service in the request. */
  readonly server: string;
  /** Empty: no scope. */
  readonly scope: string;
  /** {@link Credential.key} */
  readonly credential: string;
}

type Asked = Result<Token, RegistryFailure>;
/** Requests the token for all waiters. */
type AskShared = (shared: Pick<ReadBudget, 'signal'> & { readonly requester: Requester }) => Promise<Asked>;

/** The share of its life for which a token is used. The rest allows for clock differences and the time on the way. */
const usedShare = 0.8;

interface TokenCache {
  /** A token that has not expired. */
  get(key: TokenKey): string | undefined;
  /** Removes a token that was refused, unless another one has replaced it. */
  drop(key: TokenKey, text: string): void;
  /**
   * Requests a token and caches it. Concurrent callers with one key share one request, which goes on while one of them waits.
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
    // Its life is counted from the request.
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
