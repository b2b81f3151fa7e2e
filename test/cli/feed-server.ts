import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import { makeRegistryCertificate } from '../fakes/registry/registry-certificate.ts';

/** How the next answer to a path is spoilt. */
export type FeedFault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** So many bytes of the body, and then the end of the connection. */
  | { readonly kind: 'cut'; readonly bytes: number };

/** A server of feeds over TLS, with an authority of its own, that answers as those of OSV and CISA do. */
export const startFeedServer = async () => {
  const { ca, cert, key } = await makeRegistryCertificate();
  const files = new Map<string, Buffer>();
  const faults = new Map<string, FeedFault[]>();
  const asked: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly status: number }[] =
    [];
  const server = createServer({ cert, key }, (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const answer = (
      status: number,
      headers: Readonly<Record<string, string | number>> = {},
      body?: Buffer,
    ) => {
      asked.push({ path, headers: request.headers, status });
      response.writeHead(status, headers).end(body);
    };
    const fault = faults.get(path)?.shift();
    const body = files.get(path);
    if (fault?.kind === 'status') return answer(fault.status, fault.headers);
    if (body === undefined) return answer(404);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    if (request.headers['if-none-match'] === etag) return answer(304, { etag });
    if (fault?.kind !== 'cut') return answer(200, { etag, 'content-length': body.length }, body);
    asked.push({ path, headers: request.headers, status: 200 });
    response.writeHead(200, { etag, 'content-length': body.length });
    response.write(body.subarray(0, fault.bytes), () => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  afterAll(close);
  return {
    ca,
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    put: (path: string, body: Buffer): void => void files.set(path, body),
    drop: (path: string): void => void files.delete(path),
    spoil: (path: string, ...next: readonly FeedFault[]): void => void faults.set(path, [...next]),
    asked,
    close,
  };
};
