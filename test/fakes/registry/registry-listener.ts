import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request as it arrived, its body read. */
export interface Arrival {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly url: URL;
  readonly body: string;
}
export interface ListenOptions {
  /** `clientCa`: callers without a certificate of this authority are turned away. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** `127.0.0.1` unless told; any of 127.0.0.0/8 plays another host. */
  readonly address?: string;
}
export interface Listener {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** The most requests that were under way at one time. */
  peak(): number;
  /** Closes the port: connections are refused until `up`. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

const readBody = async (request: http.IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
};

/** A server on a free port of loopback. A handler that throws is a defect of the double and answers 599. */
export const listen = async (
  options: ListenOptions,
  handle: (arrival: Arrival) => Promise<void>,
): Promise<Listener> => {
  const { tls, address = '127.0.0.1' } = options;
  let underWay = 0;
  let peak = 0;
  const arrive: http.RequestListener = (request, response) => {
    peak = Math.max(peak, ++underWay);
    response.once('close', () => void underWay--);
    response.on('error', () => response.destroy());
    const serve = async (): Promise<void> => {
      const url = new URL(request.url ?? '/', 'http://fake');
      await handle({ request, response, url, body: await readBody(request) });
    };
    serve().catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else response.writeHead(599).end(`the double itself failed: ${String(error)}`);
    });
  };
  const asking =
    tls?.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
  const server =
    tls === undefined ? http.createServer(arrive) : https.createServer({ ...tls, ...asking }, arrive);
  const open = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  await open(0);
  const { port } = server.address() as AddressInfo;
  const host = `${address}:${port}`;
  return {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    peak: () => peak,
    down: close,
    up: () => open(port),
    close,
  };
};
