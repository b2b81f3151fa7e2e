import { setImmediate as nextTurn } from 'node:timers/promises';
import { onAbort } from '../../../concurrency/abort.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { createResponseMemoryBudget } from './response-memory.ts';
import { type RequestBudget, startRequestBudget } from './request-budget.ts';
import type { HttpLibrary } from '../network/connection.ts';
import { createConnectionPool } from '../network/connection-pool.ts';
import { createDial } from '../network/dialer.ts';
import { type Endpoint, endpointFor, endpointForUrl, registryName } from '../network/endpoint.ts';
import type { HostResponse } from './host-response.ts';
import { failure } from '../network/failure.ts';
import { createCheckedSocket, connectSocket, type ConnectSocket } from '../network/checked-socket.ts';
import { createHosts } from './hosts.ts';
import { type HttpRequest, type HttpResponse, ownersOf, type RegistryHttp } from './http.ts';
import { createResolveHost, type ResolveHost } from '../network/dns.ts';
import { createProxies, type ProxySettings } from '../network/proxy.ts';
import { plainHttpFailure, type Hop } from './redirect.ts';
import { createSecureSocket } from '../network/secure-socket.ts';
import type { RegistrySettings } from '../settings.ts';
import { createSendToHost } from './host-request.ts';
import { createFollowRedirects } from './redirect-loop.ts';

/** Limits that no image name can change. */
interface TransportLimits {
  /** Hosts without a row whose state is kept: circuit breakers, queue, connections. More than sockets, so that one is always idle. */
  readonly maxHosts: number;
  /** Connections of all hosts without a row. */
  readonly maxSockets: number;
  /** Requests that wait for a place at one host. */
  readonly maxWaiting: number;
  /** Bytes of responses that are being read from configured hosts, and as many again from all others. */
  readonly maxResponseBytes: number;
}

export interface RegistryHttpOptions {
  /** Called for every request, so that a reloaded configuration applies at once. */
  readonly settingsOf: (host: string) => RegistrySettings;
  readonly proxy?: ProxySettings;
  readonly clock: Clock;
  readonly resolve?: ResolveHost;
  readonly openSocket?: ConnectSocket;
  /** 0 to 1. */
  readonly jitter?: () => number;
  readonly limits?: Partial<TransportLimits>;
}

const defaultLimits: TransportLimits = {
  maxHosts: 1024,
  maxSockets: 512,
  maxWaiting: 512,
  maxResponseBytes: 64 * 1024 * 1024,
};

const firstHop = (
  { host, target, headers }: HttpRequest,
  settingsOf: (host: string) => RegistrySettings,
): Result<Hop, RegistryFailure> => {
  const endpoint: Endpoint | undefined =
    typeof target === 'string'
      ? endpointFor(host, target, settingsOf(registryName(host)))
      : endpointForUrl(target, settingsOf);
  if (endpoint === undefined)
    return fail(failure('refused', 'configuration', host, 'this is no host that can be asked'));
  const refusal = plainHttpFailure(endpoint);
  if (refusal !== undefined) return fail(refusal);
  // Digests are of the stored bytes, so an encoding would only have to be undone.
  const defaults = { 'accept-encoding': 'identity', 'user-agent': 'imagegate' };
  return ok({ endpoint, headers: { ...defaults, ...headers }, redirects: 0 });
};

/**
 * The transport of {@link RegistryHttp}, on undici's HTTP/1.1 client. The connections are dialled and checked here: undici
 * looks no name up, follows no redirect and decompresses nothing. It is loaded with the first request.
 *
 * A target that is a URL is reached by the row of the URL's own host, not by the row of `host`. A registry names its token
 * server, and must not give it its own rights, such as a private address (B26).
 */
export const createRegistryHttp = (options: RegistryHttpOptions): RegistryHttp => {
  const { settingsOf, clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const hosts = createHosts(limits, clock);
  const dial = createDial({
    checkedSocket: createCheckedSocket(
      options.resolve ?? createResolveHost(),
      options.openSocket ?? connectSocket,
    ),
    secureSocket: createSecureSocket(),
    proxies: createProxies(options.proxy),
  });
  // The default export, since in a bundle a CommonJS module that is loaded later has no other names.
  const library = async (): Promise<HttpLibrary> => (await import('undici')).default;
  const pool = createConnectionPool({ hosts, dial, library, maxSockets: limits.maxSockets });
  const memory = createResponseMemoryBudget(limits.maxResponseBytes);
  const memoryFor = ({ host, requester }: HttpRequest) =>
    memory.forResponse(settingsOf(registryName(host)).configured === true, ownersOf(requester));
  const sendToHost = createSendToHost({
    hosts,
    pool,
    memoryFor,
    clock,
    jitter: options.jitter ?? Math.random,
  });
  const followRedirects = createFollowRedirects({ sendToHost, clock, settingsOf });
  const active = createActiveBudgets(clock);
  let isClosed = false;

  return {
    send: async (request) => {
      if (isClosed) return fail(failure('busy', request.stage, request.host, 'the gate is shutting down'));
      const first = firstHop(request, settingsOf);
      if (!first.ok) return first;
      const { budget, end } = active.start(first.value.endpoint.settings.timeout, request);
      const answer = await followRedirects(first.value, request, budget);
      if (answer.ok) return ok(responseOf(answer.value.response, answer.value.url, end));
      end();
      return answer;
    },
    close: async () => {
      isClosed = true;
      active.abortAll();
      hosts.close();
      // Destroyed sockets close in the next iteration of the event loop.
      await nextTurn();
    },
  };
};

const responseOf = (response: HostResponse, url: URL, end: () => void): HttpResponse => ({
  status: response.status,
  headers: response.headers,
  url,
  read: async (limit) => {
    const result = await response.read(limit);
    end();
    return result;
  },
  stream: (limit, take) => response.stream(limit, take).finally(end),
  discard: () => void response.discard().then(end),
});

/** The budgets of all requests under way, which the end of the process cancels. */
const createActiveBudgets = (clock: Clock) => {
  const budgets = new Set<RequestBudget>();
  return {
    start: (
      timeout: number,
      { signal, isBulk }: HttpRequest,
    ): { readonly budget: RequestBudget; readonly end: () => void } => {
      const budget = startRequestBudget(timeout, signal, clock, isBulk);
      budgets.add(budget);
      const forget = (): boolean => budgets.delete(budget);
      onAbort(budget.signal, forget);
      return {
        budget,
        end: () => {
          budget.end();
          forget();
        },
      };
    },
    abortAll: (): void => {
      for (const budget of budgets) budget.abort();
    },
  };
};
