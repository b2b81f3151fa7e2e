import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fail, ok } from '../../core/result.ts';
import type { Result } from '../../core/result.ts';
import type { Readiness } from '../../gate/readiness.ts';
import { formatHost, listen } from './listen.ts';
import type { ListenAddress } from './listen.ts';

export interface Metrics {
  readonly contentType: string;
  readonly text: string;
}

export interface AdminHandlers {
  readiness(): Readiness;
  metrics(): Metrics | Promise<Metrics>;
}

export interface AdminServer {
  readonly address: ListenAddress;
  /** `http://HOST:PORT` */
  readonly url: string;
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}
const plain = (status: number, text: string): Page => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  text: text.endsWith('\n') ? text : `${text}\n`,
});

const pageOf = async (path: string, handlers: AdminHandlers): Promise<Page> => {
  switch (path) {
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz': {
      const { ready, text } = handlers.readiness();
      return plain(ready ? 200 : 503, text);
    }
    case '/metrics':
      return { status: 200, ...(await handlers.metrics()) };
    default:
      return plain(404, 'not found: /healthz, /readyz and /metrics are served here');
  }
};

const write = (request: IncomingMessage, response: ServerResponse, page: Page): void => {
  response.writeHead(page.status, {
    'Content-Type': page.contentType,
    'Content-Length': Buffer.byteLength(page.text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : page.text);
};

/** Starts the second listener: plain HTTP for probes and metrics, no verdicts, nothing that changes anything. */
export const startAdminServer = async (
  address: ListenAddress,
  handlers: AdminHandlers,
  onProblem: (error: unknown) => void,
): Promise<Result<AdminServer, string>> => {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      write(request, response, plain(405, 'only GET and HEAD'));
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    write(request, response, await pageOf(path, handlers));
  };
  const timeouts = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 };
  const server = createServer({ ...timeouts, maxHeaderSize: 8 * 1024 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      onProblem(error);
      if (!response.headersSent) write(request, response, plain(500, 'this page failed; see the log'));
    });
  });
  server.maxConnections = 128;
  server.setTimeout(30_000);
  const listening = await listen(server, address);
  if (!listening.ok) return fail(listening.error);
  server.on('error', onProblem);
  return ok({
    address: listening.value,
    url: `http://${formatHost(listening.value)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
};
