import * as net from 'node:net';
import { performance } from 'node:perf_hooks';
import type {
  HttpAnswer,
  HttpRequest,
  HttpResponse,
  RegistryHttp,
} from '../../../src/adapters/registry/http/http.ts';
import { defaultSettings, type RegistrySettings } from '../../../src/adapters/registry/settings.ts';
import {
  createRegistryHttp,
  type RegistryHttpOptions,
} from '../../../src/adapters/registry/http/transport.ts';
import type { RegistryFailure } from '../../../src/evidence/ports.ts';
import { type Arrival, listen, type Listener, type ListenOptions } from './registry-listener.ts';

export const realClock = { now: () => Date.now(), monotonic: () => performance.now() };

export type Rows = Readonly<Record<string, Partial<RegistrySettings>>>;

/** Rows that differ from the defaults; every other host has the defaults. */
export const settingsFrom =
  (rows: Rows) =>
  (host: string): RegistrySettings => ({ ...defaultSettings(host), ...rows[host] });

/** A row for a double on loopback. */
export const onLoopback: Partial<RegistrySettings> = { plainHttp: true, allowPrivateAddress: true };

/** The transport over these rows; names lead to loopback unless `resolve` says otherwise. */
export const transportFor = (rows: Rows, options: Partial<RegistryHttpOptions> = {}): RegistryHttp =>
  createRegistryHttp({
    settingsOf: settingsFrom(rows),
    clock: realClock,
    resolve: () => Promise.resolve(['127.0.0.1']),
    jitter: () => 0,
    ...options,
  });

export const requestTo = (
  host: string,
  target: string | URL = '/v2/',
  more: Partial<HttpRequest> = {},
): HttpRequest => ({
  host,
  target,
  method: 'GET',
  headers: {},
  stage: 'manifest',
  signal: new AbortController().signal,
  ...more,
});

export const responseOf = (answer: HttpAnswer): HttpResponse => {
  if (!answer.ok) throw new Error(`a failure: ${JSON.stringify(answer.error)}`);
  return answer.value;
};
export const failureOf = (answer: HttpAnswer): RegistryFailure => {
  if (answer.ok) throw new Error(`an answer: ${answer.value.status}`);
  return answer.error;
};

/** Sends and reads: status and text, or the failure. */
export const ask = async (
  http: RegistryHttp,
  request: HttpRequest,
  limit = 1024 * 1024,
): Promise<{ readonly status: number; readonly text: string } | RegistryFailure> => {
  const answer = await http.send(request);
  if (!answer.ok) return answer.error;
  const body = await answer.value.read(limit);
  return body.ok ? { status: answer.value.status, text: Buffer.from(body.value).toString() } : body.error;
};

export interface Doubles {
  /** A server whose handler may return anything; it is awaited. */
  readonly serve: (handle: (arrival: Arrival) => unknown, options?: ListenOptions) => Promise<Listener>;
  /** A server that speaks its bytes as they stand. */
  readonly speak: (onConnection: (socket: net.Socket) => void) => Promise<{ readonly host: string }>;
  readonly transport: (rows: Rows, options?: Partial<RegistryHttpOptions>) => RegistryHttp;
  /** A transport for one server without TLS. */
  readonly plain: (server: Pick<Listener, 'host'>, more?: Rows[string]) => RegistryHttp;
  /** Ends everything that was made here, the last one first. */
  readonly end: () => Promise<void>;
}

/** Servers and transports of one test file: `afterEach(doubles.end)`. */
export const createDoubles = (): Doubles => {
  const endings: (() => Promise<unknown>)[] = [];
  const transport: Doubles['transport'] = (rows, options = {}) => {
    const http = transportFor(rows, options);
    endings.push(() => http.close());
    return http;
  };
  return {
    transport,
    plain: ({ host }, more = {}) => transport({ [host]: { ...onLoopback, ...more } }),
    serve: async (handle, options = {}) => {
      const listener = await listen(options, async (arrival) => void (await handle(arrival)));
      endings.push(() => listener.close());
      return listener;
    },
    speak: async (onConnection) => {
      const sockets = new Set<net.Socket>();
      const server = net.createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        onConnection(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      endings.push(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      });
      return { host: `127.0.0.1:${(server.address() as net.AddressInfo).port}` };
    },
    end: async () => {
      for (const end of endings.splice(0).reverse()) await end();
    },
  };
};
