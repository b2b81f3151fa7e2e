import { type Answer, answer, send } from './registry-answer.ts';
import { type Authorization, type FakeAccounts, readAuthorization } from './registry-account.ts';
import type { FakeManifest } from './registry-content.ts';
import { type ArmFault, createArmedFaults } from './registry-fault.ts';
import { guard, type RegistryAuth } from './registry-guard.ts';
import { type Arrival, type Listener, listen } from './registry-listener.ts';
import { makeRegistryCertificate, type RegistryCertificate } from './registry-certificate.ts';
import { createRoutes, readRoute, type RouteKind } from './registry-routes.ts';
import { createRegistryStore, type RegistryStore } from './registry-store.ts';
import {
  createTokenIssuer,
  type FakeTokenServer,
  type TokenIssuerOptions,
  type TokenRequest,
} from './registry-token.ts';

export type FakeAuth =
  | { readonly mode: 'none' }
  | ({ readonly mode: 'basic' } & FakeAccounts)
  /** Its own token server at `/token`. */
  | ({ readonly mode: 'bearer'; readonly service?: string } & TokenIssuerOptions)
  /** One on another origin, {@link FakeTokenServer}. */
  | { readonly mode: 'bearer'; readonly service?: string; readonly tokenServer: FakeTokenServer };

export interface FakeRegistryOptions {
  readonly auth?: FakeAuth;
  /** HTTPS with a certificate of its own authority (`ca`), or with a given one. */
  readonly tls?: boolean | RegistryCertificate;
  /** `127.0.0.1` unless told; any of 127.0.0.0/8 plays another host. */
  readonly address?: string;
  /** The Referrers API is there (it is unless told); without it the fallback tag is kept up. */
  readonly referrers?: boolean;
  /** `?artifactType=` filters, as the specification allows; it does unless told. */
  readonly referrersFilter?: boolean;
  /** Items on a page of tags and referrers; 100 unless told. */
  readonly pageSize?: number;
  /** Serves manifests whatever `Accept` says; strict unless told, as docker-registry is for OCI types. */
  readonly anyAccept?: boolean;
  /** Sends the rest of a blob when it is asked for that by `Range`; it does unless told. */
  readonly ranges?: boolean;
}

/** One request as it arrived, faults included. */
export interface FakeRegistryRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly kind: RouteKind | 'token';
  readonly repository?: string;
  readonly reference: string;
  readonly authorization: Authorization['kind'];
  /** The user of Basic. */
  readonly user?: string;
  readonly headers: Arrival['request']['headers'];
}
export type RequestCounts = Readonly<Record<'total' | 'heads' | FakeRegistryRequest['kind'], number>>;

/**
 * A registry in memory over real HTTP: distribution-spec 1.1 for reading, authentication, faults.
 *
 *     const registry = await startFakeRegistry({ auth: { mode: 'basic', users: { ann: { password: 'pw' } } } });
 *     const web = registry.push('team/web', image({ user: '1000' }), 'v1');
 *     registry.fault({ path: '/manifests/', times: 2 }, tooManyRequests(1));
 */
export interface FakeRegistry extends Omit<RegistryStore, 'push'>, Listener {
  /** PEM to trust; of `tls` only. */
  readonly ca?: string;
  readonly requests: readonly FakeRegistryRequest[];
  /** Of its own token server. */
  readonly tokenRequests: readonly TokenRequest[];
  /** What arrived so far; `heads` counts every HEAD, also under its kind. */
  counts(): RequestCounts;
  /** Forgets the requests so far. */
  forget(): void;
  /** See {@link RegistryStore}. @returns the manifest */
  push(repository: string, manifest: FakeManifest, ...tags: readonly string[]): FakeManifest;
  /** Arms a fault; the returned function disarms it. */
  readonly fault: ArmFault;
  /** The Referrers API comes or goes. */
  serveReferrers(on: boolean): void;
  setPageSize(items: number): void;
  /** Tokens of its own token server are no longer good. */
  revokeTokens(): void;
}

const seenBy = ({ request, url }: Arrival): FakeRegistryRequest => {
  const route = readRoute(url.pathname);
  const { kind, user } = readAuthorization(request);
  return {
    method: request.method ?? '',
    path: `${url.pathname}${url.search}`,
    ...route,
    kind: url.pathname === '/token' ? 'token' : route.kind,
    authorization: kind,
    ...(user !== undefined && { user }),
    headers: request.headers,
  };
};

const count = (requests: readonly FakeRegistryRequest[]): RequestCounts => {
  const of = (kind: FakeRegistryRequest['kind']): number =>
    requests.filter((request) => request.kind === kind).length;
  return {
    total: requests.length,
    heads: requests.filter(({ method }) => method === 'HEAD').length,
    ping: of('ping'),
    manifests: of('manifests'),
    blobs: of('blobs'),
    referrers: of('referrers'),
    tags: of('tags'),
    token: of('token'),
    other: of('other'),
  };
};

const certificateOf = async (tls: FakeRegistryOptions['tls']): Promise<RegistryCertificate | undefined> => {
  if (tls === undefined || tls === false) return undefined;
  return tls === true ? makeRegistryCertificate() : tls;
};

export const startFakeRegistry = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> => {
  let referrers = options.referrers ?? true;
  let pageSize = options.pageSize ?? 100;
  const requests: FakeRegistryRequest[] = [];
  const faults = createArmedFaults();
  const store = createRegistryStore(() => referrers);
  const serve = createRoutes(store, {
    pageSize: () => pageSize,
    hasReferrers: () => referrers,
    filters: options.referrersFilter ?? true,
    anyAccept: options.anyAccept ?? false,
    hasRanges: () => options.ranges ?? true,
  });
  const auth = options.auth ?? { mode: 'none' };
  const own = createTokenIssuer(auth.mode === 'bearer' && !('tokenServer' in auth) ? auth : {});
  let guarded: RegistryAuth = { mode: 'none' };

  const truth = (arrival: Arrival): Answer => {
    if (arrival.url.pathname === '/token')
      return guarded.mode === 'bearer' ? own.serve(arrival) : answer(404);
    const route = readRoute(arrival.url.pathname);
    // docker-registry answers 404 for a path that it does not serve before it asks who is there.
    if (route.kind === 'referrers' && !referrers) return serve(route, arrival);
    return guard(guarded, arrival, route.repository) ?? serve(route, arrival);
  };
  const certificate = await certificateOf(options.tls);
  const listener = await listen(
    {
      ...(options.address !== undefined && { address: options.address }),
      ...(certificate && { tls: certificate }),
    },
    async (arrival) => {
      requests.push(seenBy(arrival));
      const made = await faults.play(arrival, () => truth(arrival));
      if (made !== undefined) send(arrival.response, made);
    },
  );
  guarded = authOf(auth, own, listener.url);
  return {
    ...listener,
    ...store,
    ...(certificate && { ca: certificate.ca }),
    requests,
    tokenRequests: own.requests,
    counts: () => count(requests),
    forget: () => {
      requests.length = 0;
      own.requests.length = 0;
    },
    push: (repository, manifest, ...tags) => {
      store.push(repository, manifest, ...tags);
      return manifest;
    },
    fault: faults.arm,
    serveReferrers: (on) => {
      referrers = on;
    },
    setPageSize: (items) => {
      pageSize = items;
    },
    revokeTokens: () => own.revoke(),
  };
};

const authOf = (
  auth: FakeAuth,
  own: FakeTokenServer | ReturnType<typeof createTokenIssuer>,
  url: string,
): RegistryAuth => {
  if (auth.mode === 'none') return { mode: 'none' };
  if (auth.mode === 'basic') return { mode: 'basic', accounts: auth };
  const service = auth.service ?? 'the-double';
  if (!('tokenServer' in auth)) return { mode: 'bearer', issuer: own, realm: `${url}/token`, service };
  return { mode: 'bearer', issuer: auth.tokenServer, realm: auth.tokenServer.realm, service };
};
