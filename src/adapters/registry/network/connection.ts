import type { Client, Dispatcher } from 'undici';
import { onAbort } from '../../../concurrency/abort.ts';
import type { DialedConnection } from './dialer.ts';
import type { WireLimit } from '../http/wire-limit.ts';

/** The part of undici that is used. It is loaded with the first request. */
export interface HttpLibrary {
  readonly Client: typeof Client;
}

/** One HTTP/1.1 connection, for one request at a time. */
export interface Connection {
  /** Rejects with the library's error. The body must be consumed or destroyed. */
  send(request: {
    readonly url: URL;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
    readonly isBulk?: true | undefined;
  }): Promise<Dispatcher.ResponseData>;
  /**
   * The read of the body begins, with this limit of bytes. More bytes on the wire end the connection.
   * @param announced - its length, when it is large and the host has told it
   */
  readonly allowBody: (body: number, announced?: number) => void;
  alive(): boolean;
  close(): void;
}

/** Idle connections end soon: registries close theirs after some seconds, and hosts come and go with image names. */
const keepAlive = { keepAliveTimeout: 4000, keepAliveMaxTimeout: 10_000, keepAliveTimeoutThreshold: 1000 };

/** Most bytes that the library reads at a time, and buffers of a response. */
const maxReadSize = 4096;
const bufferSize = 32 * 1024;
/** The same for large bodies of a length that is known: no trailers follow them. */
const maxBulkReadSize = 64 * 1024;
const bulkBufferSize = 128 * 1024;

/**
 * For every header beyond the limit the library makes an error with its stack, until the end of the bytes that it has just
 * read. Attack (B9): 64 KiB of tiny trailers, which delayed every review by a tenth of a second.
 */
const boundReads = (socket: DialedConnection['socket']): ((most: number) => void) => {
  const read = socket.read.bind(socket);
  let limit = maxReadSize;
  socket.read = (size?: number): unknown => {
    if (socket.destroyed) return null;
    return read(size ?? (socket.readableLength > limit ? limit : undefined));
  };
  return (most) => {
    limit = most;
  };
};

const connectionGone = (): Error =>
  Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' });

/** Speaks HTTP over a dialed socket, and never dials itself. */
export const createConnection = (
  library: HttpLibrary,
  origin: string,
  dialed: DialedConnection,
  wireLimit: WireLimit,
): Connection => {
  const { socket, httpProxy } = dialed;
  let attached = false;
  const readAtMost = boundReads(socket);
  const client: Client = new library.Client(origin, {
    connect: (_options, callback) => {
      const first = !attached;
      attached = true;
      // Deferred, since the client would not check its queue again.
      queueMicrotask(() =>
        first && !socket.destroyed ? callback(null, socket) : callback(connectionGone(), null),
      );
    },
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    // The budget of the request bounds both.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...keepAlive,
  });
  const authorization =
    httpProxy?.authorization === undefined ? {} : { 'proxy-authorization': httpProxy.authorization };
  const close = (): void => {
    socket.destroy();
    void client.destroy().catch(() => undefined);
  };
  return {
    send: async ({ url, method, headers, body, signal, isBulk }) => {
      readAtMost(maxReadSize);
      // The client ignores a signal until it writes the request.
      const stopListening = onAbort(signal, close);
      wireLimit.startRequest();
      try {
        return await client.request({
          path: httpProxy === undefined ? `${url.pathname}${url.search}` : url.href,
          method,
          headers: { ...headers, ...authorization },
          body: body ?? null,
          signal,
          highWaterMark: isBulk === true ? bulkBufferSize : bufferSize,
        });
      } finally {
        stopListening();
      }
    },
    allowBody: (body, announced) => {
      if (announced !== undefined) readAtMost(maxBulkReadSize);
      wireLimit.allowBody(body);
    },
    alive: () => !socket.destroyed && !client.destroyed,
    close,
  };
};
