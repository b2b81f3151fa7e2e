import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../../concurrency/clock.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Readiness } from '../../../gate/readiness.ts';
import { limitConnections } from './connection-limits.ts';
import { listen, type ListenAddress } from './listen.ts';
import { limitOpenRequests, type OpenRequestLimiter } from './open-requests.ts';
import { formatAddress } from '../../../core/text/address.ts';

export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

export interface AdminHandlers {
  readiness(): Readiness;
  readonly metrics: () => MetricsPage | Promise<MetricsPage>;
}

interface AdminServerOptions {
  readonly listen: ListenAddress;
  readonly handlers: AdminHandlers;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Something failed that should not. */
  readonly onProblem: (error: unknown) => void;
  /** Called when all places were taken and a connection or request had to give way. */
  readonly onLimit: (message: string) => void;
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

/** R27: probes come from nodes, a new connection each; a few unfinished connections of one address are enough for all. */
const connectionLimits = { unfinishedPerPeer: 8, unfinished: 64, finished: 64, headersTimeout: 1_000 };
/** Metrics pages that are being made or sent at one time; probes take no place among them. */
const maxMetricsPages = 8;
/** How long a page of metrics is shown again, in milliseconds: making it costs more than asking for it. */
const maxMetricsAge = 1_000;
/** How long a client may take to read a page, in milliseconds. */
const readTimeout = 5_000;

/** The page of metrics, made at most once a second however many ask. */
const cacheMetrics = (make: AdminHandlers['metrics'], clock: Pick<Clock, 'monotonic'>) => {
  let made: { readonly at: number; readonly page: Promise<MetricsPage> } | undefined;
  return (): Promise<MetricsPage> => {
    const now = clock.monotonic();
    if (made === undefined || now - made.at >= maxMetricsAge)
      made = { at: now, page: Promise.resolve().then(make) };
    return made.page;
  };
};

const notFound = plain(404, 'not found: /healthz, /readyz and /metrics are served here');
const busy = plain(503, 'too many ask for the metrics; come again in a moment');

const write = (request: IncomingMessage, response: ServerResponse, page: Page): void => {
  response.writeHead(page.status, {
    'Content-Type': page.contentType,
    'Content-Length': Buffer.byteLength(page.text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : page.text);
};

/** Answers one request; what probes ask is answered at once, without waiting for anything. */
const createAnswer = ({ handlers, clock, onLimit }: AdminServerOptions, places: OpenRequestLimiter) => {
  const metrics = cacheMetrics(handlers.metrics, clock);
  return async (peer: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      write(request, response, plain(405, 'only GET and HEAD'));
      return;
    }
    switch ((request.url ?? '').split('?', 1)[0] ?? '') {
      case '/healthz':
        write(request, response, plain(200, 'ok'));
        return;
      case '/readyz': {
        const { ready, text } = handlers.readiness();
        write(request, response, plain(ready ? 200 : 503, text));
        return;
      }
      case '/metrics':
        if (places.admit(peer, request, response) === undefined) {
          onLimit(`more than ${String(maxMetricsPages)} requests for the metrics`);
          write(request, response, busy);
          return;
        }
        write(request, response, { status: 200, ...(await metrics()) });
        return;
      default:
        write(request, response, notFound);
    }
  };
};

/** Starts the second listener: plain HTTP for probes and metrics, no verdicts, nothing that changes anything. */
export const startAdminServer = async (options: AdminServerOptions): Promise<Result<AdminServer, string>> => {
  const { onProblem, onLimit, clock } = options;
  const server = createServer({
    headersTimeout: connectionLimits.headersTimeout,
    requestTimeout: readTimeout,
    connectionsCheckingInterval: 250,
    maxHeaderSize: 8 * 1024,
  });
  const places = limitConnections(server, {
    limits: connectionLimits,
    clock,
    isVerified: () => false,
    onLimit,
  });
  const answer = createAnswer(options, limitOpenRequests(maxMetricsPages));
  server.on('request', (request, response) => {
    places.requested(request, true);
    // One request a connection: an idle one would keep a place.
    response.setHeader('Connection', 'close');
    request.resume();
    answer(places.peerOf(request), request, response).catch((error: unknown) => {
      onProblem(error);
      if (!response.headersSent) write(request, response, plain(500, 'this page failed; see the log'));
    });
  });
  server.setTimeout(readTimeout);
  const listening = await listen(server, options.listen);
  if (!listening.ok) {
    places.close();
    return fail(listening.error);
  }
  server.on('error', onProblem);
  return ok({
    address: listening.value,
    url: `http://${formatAddress(listening.value)}`,
    close: () =>
      new Promise((resolve) => {
        places.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
};
