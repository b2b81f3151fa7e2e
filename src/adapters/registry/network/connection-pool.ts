import type { Dispatcher } from 'undici';
import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { createFairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import type { RequestBudget } from '../http/request-budget.ts';
import { type Connection, createConnection, type HttpLibrary } from './connection.ts';
import type { Dial } from './dialer.ts';
import type { Endpoint } from './endpoint.ts';
import { errorCode, failure, isBrokenAnswer, networkFailure, networkReason, hostOutage } from './failure.ts';
import type { Host, Hosts } from '../http/hosts.ts';
import { type HttpRequest, ownersOf } from '../http/http.ts';
import type { Hop } from '../http/redirect.ts';
import { createWireLimits } from '../http/wire-limit.ts';

export interface Sent {
  readonly connection: Connection;
  readonly response: Dispatcher.ResponseData;
}

/** Hands out an idle connection of the host, or opens a new one. */
export interface ConnectionPool {
  send(
    host: Host,
    hop: Hop,
    request: HttpRequest,
    budget: RequestBudget,
  ): Promise<Result<Sent, RegistryFailure>>;
}

interface ConnectionPoolDeps {
  readonly hosts: Hosts;
  readonly dial: Dial;
  readonly library: () => Promise<HttpLibrary>;
  /** The number of open connections of all hosts without a row. */
  readonly maxSockets: number;
}

const nothing = (): void => {};
const resets = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const mayBeUnwanted = '; maybe it does not accept the client certificate of its row';

/** A server that wants another client certificate often closes the connection without an answer. */
const whyClosed = (error: unknown, { settings }: Endpoint): string =>
  networkReason(error) + (settings.client !== undefined && resets.has(errorCode(error)) ? mayBeUnwanted : '');

const sendFailure = (error: unknown, stage: RegistryStage, endpoint: Endpoint): RegistryFailure => {
  const { name } = endpoint;
  if (errorCode(error) === 'UND_ERR_INVALID_ARG')
    return failure('invalid', stage, name, 'the request holds characters that HTTP does not allow');
  if (isBrokenAnswer(error)) return failure('invalid', stage, name, networkReason(error));
  return { ...networkFailure(stage, name, error), why: whyClosed(error, endpoint) };
};

const noSocket = (maxSockets: number, name: string): Result<never, RegistryFailure> => {
  const why = `all ${maxSockets} connections to registries are taken, or all that one namespace gets of them`;
  return fail(failure('busy', 'queue', name, why));
};

/** Bounds the connections of all hosts without a row, shared by namespace (R26). */
const createSocketLimit = (maxSockets: number, hosts: Hosts) => {
  const semaphore = createFairSemaphore({ places: maxSockets, waiting: 0 });
  const releases = new WeakMap<Connection, () => void>();
  return {
    /** Closes idle connections of any owner until a place is free. */
    acquire: (owners: Owners): (() => void) | undefined => {
      for (;;) {
        const release = semaphore.tryAcquire(owners);
        const closed = release === undefined ? hosts.closeOneIdle() : undefined;
        if (closed === undefined) return release;
        // The socket of a closed connection emits `close` only later.
        releases.get(closed)?.();
      }
    },
    releaseWith: (connection: Connection, release: () => void): void =>
      void releases.set(connection, release),
  };
};

/** Opens connections: it takes a place, dials, and speaks HTTP over the socket. */
const createOpenConnection = ({ hosts, dial, library, maxSockets }: ConnectionPoolDeps) => {
  const wireLimits = createWireLimits();
  const socketLimit = createSocketLimit(maxSockets, hosts);

  return async (
    host: Host,
    endpoint: Endpoint,
    owners: Owners,
    signal: AbortSignal,
  ): Promise<Result<Connection, RegistryFailure>> => {
    // Connections of configured hosts are bounded by their concurrency. Images of strangers do not use up their places (B9).
    const release = endpoint.settings.configured === true ? nothing : socketLimit.acquire(owners);
    if (release === undefined) return noSocket(maxSockets, endpoint.name);
    let connected = false;
    try {
      // Loaded before dialing, so that the client listens before a new connection can fail.
      const loaded = await library();
      const dialed = await dial(endpoint, owners, signal);
      if (!dialed.ok) return dialed;
      const { socket } = dialed.value;
      if (socket.destroyed)
        return fail(hostOutage('connect', endpoint.name, 'the connection was closed at once'));
      const connection = createConnection(
        loaded,
        endpoint.url.origin,
        dialed.value,
        wireLimits.watch(socket),
      );
      connected = true;
      socketLimit.releaseWith(connection, release);
      socket.once('close', () => {
        release();
        host.removeIdle(connection);
      });
      return ok(connection);
    } finally {
      // Neither a failure nor a defect below may keep the place for ever.
      if (!connected) release();
    }
  };
};

export const createConnectionPool = (deps: ConnectionPoolDeps): ConnectionPool => {
  const openConnection = createOpenConnection(deps);
  return {
    send: async (host, { endpoint, headers }, request, budget) => {
      const { method, body, stage, isBulk } = request;
      const { signal } = budget;
      let idle = method === 'POST' ? undefined : host.takeIdle();
      for (;;) {
        const opened =
          idle === undefined
            ? await openConnection(host, endpoint, ownersOf(request.requester), signal)
            : ok(idle);
        if (!opened.ok) return opened;
        const connection = opened.value;
        try {
          const { url } = endpoint;
          const sent = { url, method, headers, signal, isBulk, ...(body === undefined ? {} : { body }) };
          return ok({ connection, response: await connection.send(sent) });
        } catch (error) {
          connection.close();
          // The server may have closed the idle connection just now. So the request is sent once more, on a new one.
          const mayRetry =
            idle !== undefined && resets.has(errorCode(error)) && budget.cancelReason() === undefined;
          if (!mayRetry) return fail(sendFailure(error, stage, endpoint));
          idle = undefined;
        }
      }
    },
  };
};
