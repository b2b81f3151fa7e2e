import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { sendJson, sendStatus } from './api-server-answer.ts';
import { discoveryOf } from './api-server-discovery.ts';
import { createFaults, type Fault } from './api-server-fault.ts';
import { serve, verbOf } from './api-server-request.ts';
import { defaultResources, type FakeResource, type FakeTarget, readTarget } from './api-server-resource.ts';
import { createStore, type Draft, type FakeObject } from './api-server-store.ts';
import { createWatches, type Watches } from './api-server-watch.ts';

export type { Fault } from './api-server-fault.ts';
export type { FakeObject } from './api-server-store.ts';

export interface FakeApiServerOptions {
  /** Milliseconds between bookmarks; the API server takes a minute. */
  readonly bookmarkEvery?: number;
  /** Serve HTTPS; with `ca` client certificates are asked for. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
  /** Requests without this bearer token get 401. */
  readonly token?: string;
}

/** One request as it arrived. */
export interface FakeRequest {
  readonly verb: string;
  readonly path: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}

/**
 * A Kubernetes API server in memory, over real HTTP: list with pages, watch with bookmarks and history, create,
 * update, patch, delete, status subresources, conflicts, faults.
 *
 *     const api = await startApiServer();
 *     api.put('namespaces', { metadata: { name: 'shop', labels: { team: 'a' } } });
 *     api.fault({ verb: 'watch', answer: 410, times: 1 });
 */
export interface FakeApiServer {
  readonly url: string;
  readonly requests: FakeRequest[];
  /** Creates or replaces an object behind the API's back; watches see it. A `status` is taken as it is. */
  put(plural: string, draft: Draft): FakeObject;
  get(plural: string, name: string, namespace?: string): FakeObject | undefined;
  list(plural: string, namespace?: string): FakeObject[];
  delete(plural: string, name: string, namespace?: string): void;
  /** Arms a fault; the returned function disarms it. */
  fault(fault: Fault): () => void;
  /** Serves or no longer serves a resource: a CRD that comes and goes. */
  serves(plural: string, served: boolean): void;
  /** The token that is asked for from now on. */
  requireToken(token: string): void;
  /** Forgets the history: versions from before get 410. */
  compact(): void;
  readonly watches: Omit<Watches, 'open'>;
  /** A kubeconfig (JSON is YAML) for this server. */
  kubeconfig(user?: object, cluster?: object): string;
  close(): Promise<void>;
}

const gateUser = 'system:serviceaccount:imagegate-system:imagegate';

export const startApiServer = async (options: FakeApiServerOptions = {}): Promise<FakeApiServer> => {
  const store = createStore();
  const watches = createWatches(store, options.bookmarkEvery ?? 60_000);
  const faults = createFaults(gateUser);
  const requests: FakeRequest[] = [];
  const absent = new Set<string>();
  let token = options.token;

  const served = () => defaultResources.filter(({ plural }) => !absent.has(plural));
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const target = readTarget(url.pathname, defaultResources);
    const seen = await read(request, url, target);
    requests.push(seen);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return sendStatus(response, 401, 'Unauthorized');
    }
    const subject = {
      ...seen,
      group: target?.resource.group ?? '',
      continued: url.searchParams.has('continue'),
    };
    if (await faults.play(subject, response)) return;
    if (url.pathname === '/api' || url.pathname === '/apis') {
      sendJson(response, 200, discoveryOf(url.pathname, request, served()));
      return;
    }
    if (target === undefined || absent.has(seen.resource)) {
      // The words of the real one for a path that nothing serves.
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      return;
    }
    serve({ target, request, response, ...seen }, store, watches);
  };
  const listener: http.RequestListener = (request, response) => {
    handle(request, response).catch((error: unknown) => sendStatus(response, 500, String(error)));
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? http.createServer(listener)
      : https.createServer(
          { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false },
          listener,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    watches,
    put: (plural, draft) => {
      const resource = named(plural);
      const namespace = resource.namespaced ? (draft.metadata?.namespace ?? 'default') : '';
      const before = store.get(resource, namespace, draft.metadata?.name ?? '');
      if (before === undefined) return store.create(resource, namespace, draft)!;
      const after = store.update(resource, before, draft, false);
      return draft['status'] === undefined ? after : store.update(resource, after, draft, true);
    },
    get: (plural, name, namespace = '') => store.get(named(plural), namespace, name),
    list: (plural, namespace = '') => store.list(named(plural), namespace),
    delete: (plural, name, namespace = '') => {
      const found = store.get(named(plural), namespace, name);
      if (found !== undefined) store.delete(named(plural), found);
    },
    fault: (fault) => faults.add(fault),
    serves: (plural, served) => {
      if (served) absent.delete(plural);
      else absent.add(plural);
    },
    requireToken: (next) => {
      token = next;
    },
    compact: () => store.compact(),
    kubeconfig: (user = {}, cluster = {}) => kubeconfigOf(url, user, cluster),
    close: async () => {
      watches.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
};

const named = (plural: string): FakeResource => {
  const found = defaultResources.find((resource) => resource.plural === plural);
  if (found === undefined) throw new Error(`the fake API server knows no ${plural}`);
  return found;
};

const kubeconfigOf = (server: string, user: object, cluster: object): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    clusters: [{ name: 'fake', cluster: { server, ...cluster } }],
    users: [{ name: 'fake', user }],
  });

const read = async (
  request: http.IncomingMessage,
  url: URL,
  target: FakeTarget | undefined,
): Promise<FakeRequest> => {
  const { name = '', namespace = '', subresource = '' } = target ?? {};
  return {
    verb: verbOf(request.method ?? 'GET', name, url.searchParams),
    path: url.pathname,
    resource: target?.resource.plural ?? '',
    namespace,
    name,
    subresource,
    query: url.searchParams,
    headers: request.headers,
    body: await readBody(request),
  };
};

const readBody = async (request: http.IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString());
};
