import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultedExchange } from './registry-fault.ts';

/** Faults of how the bytes travel. */

/** Nothing comes, the connection stays open until one side closes it. */
export const silence = (): Fault => () => undefined;

/** The true answer, so many milliseconds later. */
export const delayed =
  (milliseconds: number): Fault =>
  async ({ response, truth, send }) => {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    await sleep(milliseconds, undefined, { signal: closed.signal }).catch(() => undefined);
    if (!response.destroyed) send(truth());
  };

/** A TCP reset before an answer, or after so many bytes of the body. */
export const reset =
  (afterBytes?: number): Fault =>
  async ({ response, truth }) => {
    if (afterBytes !== undefined) await part(response, truth(), afterBytes);
    abort(response.socket);
  };

/** `Content-Length` of the whole, so many bytes of it, then the end of the connection. */
export const truncated =
  (bytes: number): Fault =>
  async ({ response, truth }) => {
    await part(response, truth(), bytes);
    response.socket?.end();
  };

/** Another `Content-Length` than the content has: a smaller one cuts it, a larger one ends with the connection. */
export const wrongLength =
  (contentLength: number): Fault =>
  async ({ response, truth }) => {
    const { status, headers, body } = truth();
    await write(
      response,
      { status, headers: { ...headers, 'content-length': String(contentLength) } },
      body.subarray(0, contentLength),
    );
    response.socket?.end();
  };

/** The true answer in pieces of `bytes`, one every `every` milliseconds; the headers come at once. */
export const dripping =
  (bytes: number, every: number): Fault =>
  async ({ response, truth }) => {
    const { status, headers, body } = truth();
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    response.writeHead(status, { 'content-length': String(body.length), ...headers });
    response.flushHeaders();
    for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
      await sleep(every, undefined, { signal: closed.signal }).catch(() => undefined);
      if (!response.destroyed) response.write(body.subarray(at, at + bytes));
    }
    response.end();
  };

export interface FloodOptions {
  /** Endless unless told. */
  readonly bytes?: number;
  /** Announced; chunked unless told. */
  readonly contentLength?: number;
  /** What the flood consists of; spaces unless told, which JSON allows anywhere. */
  readonly filling?: string;
  /** Sent first, `[` for instance. */
  readonly start?: string;
}
export interface Flood {
  readonly fault: Fault;
  /** Bytes that left so far; those that the peer never took are not in it. */
  sent(): number;
}

/** A body that is huge or has no end, under the true status and headers, sent as fast as it is read. */
export const flooding = (options: FloodOptions = {}): Flood => {
  let sent = 0;
  const block = Buffer.alloc(64 * 1024, options.filling ?? ' ');
  const pour = async (exchange: FaultedExchange): Promise<void> => {
    const { request, response } = exchange;
    const { status, headers } = exchange.truth();
    const { bytes = Number.POSITIVE_INFINITY, contentLength, start = '' } = options;
    response.writeHead(status, {
      ...headers,
      ...(contentLength !== undefined && { 'content-length': String(contentLength) }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(start);
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    for (let left = bytes - start.length; left > 0 && !response.destroyed; left -= block.length) {
      const piece = left < block.length ? block.subarray(0, left) : block;
      sent += piece.length;
      if (!response.write(piece))
        await once(response, 'drain', { signal: closed.signal }).catch(() => undefined);
    }
    response.end();
  };
  return { fault: pour, sent: () => sent };
};

/** No HTTP at all. */
export const garbage =
  (bytes = 'SSH-2.0-OpenSSH_9.9\r\n'): Fault =>
  ({ response }) => {
    response.socket?.end(bytes);
  };

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const part = (
  response: ServerResponse,
  { status, headers, body }: Head & { readonly body: Buffer },
  bytes: number,
): Promise<void> =>
  write(
    response,
    { status, headers: { ...headers, 'content-length': String(body.length) } },
    body.subarray(0, bytes),
  );

/** Written past Node's response, which would put the length right or refuse it. */
const write = (response: ServerResponse, { status, headers }: Head, body: Buffer): Promise<void> => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${status} Fault\r\n${lines.join('')}\r\n`);
  return new Promise((resolve) => {
    if (response.socket === null) resolve();
    else response.socket.write(Buffer.concat([head, body]), () => resolve());
  });
};

const abort = (socket: Socket | null): void => {
  if (socket === null) return;
  // TLS sockets cannot reset: their destruction looks the same to the peer, an end without close_notify.
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
};
