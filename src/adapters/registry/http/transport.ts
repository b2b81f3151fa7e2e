import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { createAnswerRooms } from './response-memory.ts';
import { type Budget, startBudget } from './request-budget.ts';
import type { HttpLibrary } from '../network/connection.ts';
import { createSendOver } from '../network/connection-pool.ts';
import { createDial } from '../network/dialer.ts';
import { type Hop, hopTo, hopToUrl, registryName } from '../network/endpoint.ts';
import type { Exchange } from './http-exchange.ts';
import { failure } from '../network/failure.ts';
import { createGuardedSocket, openCheckedSocket, type OpenSocket } from '../network/checked-socket.ts';
import { createHosts } from './hosts.ts';
import { type HttpAnswer, type HttpRequest, type HttpResponse, ownersOf, type RegistryHttp } from './http.ts';
import { createResolve, type Resolve } from '../network/dns.ts';
import { createProxies, type ProxySettings } from '../network/proxy.ts';
import { plainHttpRefusal, type Step } from './redirect.ts';
import { createSecureSocket } from '../network/secure-socket.ts';
import type { RegistrySettings } from '../settings.ts';
import { createVisit } from './host-request.ts';
import { follow } from './redirect-loop.ts';

/** What is held at one time, whatever image names say. */
export interface TransportLimits {
  /** Hosts without a row that are remembered: breaker, queue, connections. More than sockets, so that one is always free. */
  readonly hosts: number;
  /** Connections, of all hosts without a row together. */
  readonly sockets: number;
  /** Requests that wait for their turn at one host. */
  readonly waiting: number;
  /** Bytes of answers that are being read: for hosts of the configuration, and as many again for all others. */
  readonly answerBytes: number;
}

export interface RegistryHttpOptions {
  /** Read anew for every request, so that a reloaded configuration holds at once. */
  readonly settingsOf: (host: string) => RegistrySettings;
  readonly proxy?: ProxySettings;
  readonly clock: Clock;
  readonly resolve?: Resolve;
  readonly openSocket?: OpenSocket;
  /** 0 to 1. */
  readonly jitter?: () => number;
  readonly limits?: Partial<TransportLimits>;
}

const defaultLimits: TransportLimits = {
  hosts: 1024,
  sockets: 512,
  waiting: 512,
  answerBytes: 64 * 1024 * 1024,
};

const firstStep = (
  { host, target, headers }: HttpRequest,
  settingsOf: (host: string) => RegistrySettings,
): Result<Step, RegistryFailure> => {
  const hop: Hop | undefined =
    typeof target === 'string'
      ? hopTo(host, target, settingsOf(registryName(host)))
      : hopToUrl(target, settingsOf);
  if (hop === undefined)
    return fail(failure('refused', 'configuration', host, 'this is no host that can be asked'));
  const refusal = plainHttpRefusal(hop);
  if (refusal !== undefined) return fail(refusal);
  // Digests are of the bytes as they are stored: a coding would only have to be undone.
  const defaults = { 'accept-encoding': 'identity', 'user-agent': 'imagegate' };
  return ok({ hop, headers: { ...defaults, ...headers }, redirects: 0 });
};

/**
 * The transport of {@link RegistryHttp}, on undici's HTTP/1.1 client over connections that were dialled and checked here:
 * undici looks nothing up, follows nothing, decompresses nothing. It is loaded with the first request.
 *
 * A target that is a URL is reached by the row of the URL's own host, whatever `host` says: a registry names its token
 * server, and must not lend it its private address (B26).
 */
export const createRegistryHttp = (options: RegistryHttpOptions): RegistryHttp => {
  const { settingsOf, clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const hosts = createHosts(limits, clock);
  const dial = createDial({
    guarded: createGuardedSocket(options.resolve ?? createResolve(), options.openSocket ?? openCheckedSocket),
    secure: createSecureSocket(),
    proxies: createProxies(options.proxy),
  });
  // The default export: a bundle has no other names of a CommonJS module that is loaded later.
  const library = async (): Promise<HttpLibrary> => (await import('undici')).default;
  const sendOver = createSendOver({ hosts, dial, library, sockets: limits.sockets });
  const rooms = createAnswerRooms(limits.answerBytes);
  const roomFor = ({ host, asker }: HttpRequest) =>
    rooms.of(settingsOf(registryName(host)).configured === true, ownersOf(asker));
  const visit = createVisit({ hosts, sendOver, roomFor, clock, jitter: options.jitter ?? Math.random });
  const underWay = createUnderWay(clock);
  let closed = false;

  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    if (closed) return failed(failure('busy', request.stage, request.host, 'the gate is shutting down'));
    const first = firstStep(request, settingsOf);
    if (!first.ok) return failed(first.error);
    const { budget, end } = underWay.begin(first.value.hop.settings.timeout, request.signal);
    const answer = await follow(first.value, { request, budget, visit, clock, settingsOf });
    if (answer.ok) return { ok: true, response: responseOf(answer.value.exchange, answer.value.url, end) };
    end();
    return failed(answer.error);
  };

  return {
    send,
    close: async () => {
      closed = true;
      underWay.abort();
      hosts.close();
      // Sockets that were destroyed close with the next turn of the event loop.
      await nextTurn();
    },
  };
};

const failed = (why: RegistryFailure): HttpAnswer => ({ ok: false, failure: why });

const responseOf = (exchange: Exchange, url: URL, end: () => void): HttpResponse => ({
  status: exchange.status,
  headers: exchange.headers,
  url,
  read: async (limit) => {
    const result = await exchange.read(limit);
    end();
    return result;
  },
  drop: () => void exchange.drop().then(end),
});

/** The budgets that run, so that the end of the process can end them all. */
const createUnderWay = (clock: Clock) => {
  const budgets = new Set<Budget>();
  return {
    begin: (timeout: number, signal: AbortSignal): { readonly budget: Budget; readonly end: () => void } => {
      const budget = startBudget(timeout, signal, clock);
      budgets.add(budget);
      const forget = (): boolean => budgets.delete(budget);
      budget.signal.addEventListener('abort', forget, { once: true });
      return {
        budget,
        end: () => {
          budget.end();
          forget();
        },
      };
    },
    abort: (): void => {
      for (const budget of budgets) budget.abort();
    },
  };
};
