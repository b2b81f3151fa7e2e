import { constants } from 'node:crypto';
import type { ServerOptions } from 'node:http';
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../../../concurrency/clock.ts';
import { messageOf, fail, ok, type Result } from '../../../core/result.ts';
import { createCallers, readClientCa, type Callers, type ClientRequirement } from './caller.ts';
import { limitConnections, type ConnectionLimits } from './connection-limits.ts';
import { trackConnections, type Connections } from './drain.ts';
import { createRequestListener } from './request-listener.ts';
import type { OnProblem, WebhookHandlers } from '../handlers.ts';
import { createBodyReader, type BodyLimits } from './body-reader.ts';
import { listen, type ListenAddress } from './listen.ts';
import { createRequestBatcher } from './request-batcher.ts';
import { createRegistryEventsEndpoint } from '../events/registry-events.ts';
import { formatAddress } from '../../../core/text/address.ts';

/** A serving certificate (with its chain) and its key, as PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface WebhookServerOptions {
  readonly listen: ListenAddress;
  readonly certificate: ServingCertificate;
  /** Absent: anybody who reaches the port may call, and records say `caller: unverified`. */
  readonly client?: ClientRequirement;
  readonly handlers: WebhookHandlers;
  readonly clock: Clock;
  readonly onProblem: OnProblem;
  readonly limits?: Partial<ServerLimits>;
}

/** How much one client can use; tests make them small. Times in milliseconds. */
interface ServerLimits {
  readonly bodies: BodyLimits | undefined;
  /** Connections of callers: those that sent a request or, with a client CA, showed its certificate. */
  readonly maxConnections: number;
  /** Connections that have not sent one yet, and how many of them one peer address may have (R27). */
  readonly maxUnfinished: number;
  readonly maxUnfinishedPerPeer: number;
  readonly maxOpenRequests: number;
  readonly headersTimeout: number;
  /** Longer than the API server keeps idle connections (90 s), so that the gate never closes one while it sends. */
  readonly idleTimeout: number;
  readonly handshakeTimeout: number;
  /**
   * How long a connection of a caller of the former client CA may stay: longer than the longest deadline of a review.
   */
  readonly maxFormerCallerTime: number;
  /** How long connections are still served after they were asked to leave, a quarter of a drain at most. */
  readonly maxLinger: number;
}
const defaultLimits: ServerLimits = {
  bodies: undefined,
  maxConnections: 1_024,
  maxOpenRequests: 4_096,
  maxUnfinished: 1_024,
  // Go dials for every request that finds no connection, and an API server has up to 600 requests under way
  // (`--max-requests-inflight` and `--max-mutating-requests-inflight`): after a pause all of them dial at one time. An
  // address has what is free; where others want places too, the one that holds most gives way.
  maxUnfinishedPerPeer: 768,
  headersTimeout: 1_000,
  idleTimeout: 120_000,
  // As long as the API server itself waits: a burst of handshakes is slow on a busy machine.
  handshakeTimeout: 10_000,
  maxFormerCallerTime: 40_000,
  maxLinger: 250,
};
/** Above the longest deadline: the deadline answers, this only ends what the deadline cannot. */
const requestTimeout = 40_000;

export interface WebhookServer {
  /** Where it listens, with the real port. */
  readonly address: ListenAddress;
  /** `https://HOST:PORT` */
  readonly url: string;
  /** New connections get this certificate; open ones stay. A pair that does not fit changes nothing. */
  swapCertificate(certificate: ServingCertificate): Result<void, string>;
  /**
   * From now on callers are measured by this; connections from before are asked to come again. A CA that cannot be
   * read changes nothing, and a server that was started without one cannot get one.
   */
  swapClient(client: ClientRequirement): Result<void, string>;
  /** Stops serving without losing an answer. Remaining connections are cut off after `deadline` milliseconds. */
  drain(deadline: number): Promise<void>;
  bytesInFlight(): number;
  connections(): number;
}

const secureContext = (certificate: ServingCertificate, ca?: readonly string[]): SecureContextOptions => ({
  ...certificate,
  minVersion: 'TLSv1.2',
  // With client certificates every connection shows one: no resumption that could stand for it.
  ...(ca === undefined ? {} : { ca: [...ca], secureOptions: constants.SSL_OP_NO_TICKET }),
});

/** A key that is not the certificate's, or no PEM at all, must be found before it is put to use. */
const checkedContext = (
  certificate: ServingCertificate,
  client?: ClientRequirement,
): Result<SecureContextOptions, string> => {
  const ca = client === undefined ? ok(undefined) : readClientCa(client.ca);
  if (!ca.ok) return fail(`the client CA cannot be used: it ${ca.error}`);
  const options = secureContext(certificate, ca.value);
  try {
    createSecureContext(options);
    return ok(options);
  } catch (error) {
    const why = messageOf(error);
    return fail(`the serving certificate, its key or the client CA cannot be used: ${why}`);
  }
};

const maxConcurrentStreams = 128;
/**
 * Bytes that a connection may send before it must wait for us: the windows of all its streams (RFC 9113, 6.5.2 and 6.9.2).
 * With 64 KiB for all of them, the bodies of one burst wait for each other, and a busy gate makes each look slow.
 */
const connectionWindow = maxConcurrentStreams * 65_535;

const serverOptions = (
  context: SecureContextOptions,
  limits: ServerLimits,
  client?: ClientRequirement,
): SecureServerOptions & ServerOptions => ({
  ...context,
  allowHTTP1: true,
  requestCert: client !== undefined,
  // A caller without a certificate gets an HTTP answer that says so. A cut handshake would explain nothing.
  rejectUnauthorized: false,
  handshakeTimeout: limits.handshakeTimeout,
  headersTimeout: limits.headersTimeout,
  requestTimeout,
  keepAliveTimeout: limits.idleTimeout,
  connectionsCheckingInterval: Math.min(250, limits.headersTimeout),
  maxHeaderSize: 16 * 1024,
  settings: { maxConcurrentStreams, maxHeaderListSize: 16 * 1024, enablePush: false },
  maxSessionMemory: 32,
});

const connectionLimits = (limits: ServerLimits): ConnectionLimits => ({
  unfinishedPerPeer: limits.maxUnfinishedPerPeer,
  unfinished: limits.maxUnfinished,
  finished: limits.maxConnections,
  headersTimeout: limits.headersTimeout,
});

const guard = (server: Http2SecureServer, limits: ServerLimits, onProblem: OnProblem): void => {
  server.setTimeout(limits.idleTimeout);
  server.on('session', (session) => session.setLocalWindowSize(connectionWindow));
  server.on('tlsClientError', (error) => {
    onProblem({ kind: 'handshake', message: 'a TLS handshake failed', error });
  });
  server.on('sessionError', (error) => {
    onProblem({ kind: 'connection', message: 'an HTTP/2 connection failed', error });
  });
  server.on('error', (error) => onProblem({ kind: 'connection', message: 'the listener failed', error }));
};

/** Certificate and client CA change one at a time, and each change keeps what the other one is now. */
const createSecureContextSwap = (
  server: Http2SecureServer,
  first: Pick<WebhookServerOptions, 'certificate' | 'client'>,
) => {
  let current = first;
  return {
    client: (): ClientRequirement | undefined => current.client,
    swap: (change: Partial<typeof first>): Result<void, string> => {
      const next = { ...current, ...change };
      const context = checkedContext(next.certificate, next.client);
      if (!context.ok) return context;
      server.setSecureContext(context.value);
      current = next;
      return ok(undefined);
    },
  };
};

/** Serves the requests of a server. */
const serveRequests = (
  server: Http2SecureServer,
  { handlers, clock, onProblem }: WebhookServerOptions,
  limits: ServerLimits,
  {
    callerOf,
    isVerified,
    isDraining,
  }: Pick<Callers, 'callerOf' | 'isVerified'> & Pick<Connections, 'isDraining'>,
) => {
  const connectionLimiter = limitConnections(server, {
    limits: connectionLimits(limits),
    clock,
    isVerified,
    onLimit: (message) => onProblem({ kind: 'connection-limit', message }),
  });
  const bodyReader = createBodyReader(limits.bodies);
  const batcher = createRequestBatcher();
  const registryEvents =
    handlers.registryEvents === undefined
      ? undefined
      : createRegistryEventsEndpoint(handlers.registryEvents, onProblem);
  const { maxOpenRequests } = limits;
  const deps = { handlers, clock, bodyReader, batcher, connectionLimiter, onProblem, registryEvents };
  server.on('request', createRequestListener({ ...deps, callerOf, isDraining, maxOpenRequests }));
  return {
    bytesInFlight: () => bodyReader.bytesInFlight(),
    close: (): void => {
      batcher.flush();
      connectionLimiter.close();
      bodyReader.close();
      registryEvents?.close();
    },
  };
};

/** Starts the webhook server: HTTPS, HTTP/1.1 with keep-alive and HTTP/2 by ALPN; its endpoints are in `request-listener.ts`. */
export const startWebhookServer = async (
  options: WebhookServerOptions,
): Promise<Result<WebhookServer, string>> => {
  const { client, onProblem } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const context = checkedContext(options.certificate, client);
  if (!context.ok) return context;
  const server = createSecureServer(serverOptions(context.value, limits, client));
  const connections = trackConnections(server, limits.maxLinger);
  const secureContexts = createSecureContextSwap(server, options);
  const callers = createCallers(client, (deadline) => connections.leave(deadline));
  const isDraining = (): boolean => connections.isDraining();
  const requests = serveRequests(server, options, limits, { ...callers, isDraining });
  const listening = await listen(server, options.listen);
  if (!listening.ok) {
    requests.close();
    return listening;
  }
  guard(server, limits, onProblem);
  return ok({
    address: listening.value,
    url: `https://${formatAddress(listening.value)}`,
    swapCertificate: (certificate) => secureContexts.swap({ certificate }),
    swapClient: (next) => {
      if (secureContexts.client() === undefined) return fail('this server was started without a client CA');
      const swapped = secureContexts.swap({ client: next });
      if (swapped.ok) callers.change(next, limits.maxFormerCallerTime);
      return swapped;
    },
    drain: async (deadline) => {
      await connections.drain(deadline);
      requests.close();
    },
    bytesInFlight: requests.bytesInFlight,
    connections: () => connections.count(),
  });
};
