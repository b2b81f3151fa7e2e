import type { Socket } from 'node:net';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { type Endpoint, hostOf, portOf } from './endpoint.ts';
import { failure, hostOutage } from './failure.ts';
import { type CheckedSocket, refusedHost, type SocketTarget } from './checked-socket.ts';
import { openTunnel, type Proxies, type Proxy } from './proxy.ts';
import type { SecureSocket } from './secure-socket.ts';

/** A socket that is ready for HTTP. */
export interface DialedConnection {
  readonly socket: Socket;
  /** The socket leads to a proxy that forwards plain HTTP, so requests contain the whole URL. */
  readonly httpProxy?: Proxy;
}

/** Returns every failure before HTTP: configuration, address, connection, TLS, proxy. An abort destroys the socket. */
export type Dial = (
  endpoint: Endpoint,
  owners: Owners,
  signal: AbortSignal,
) => Promise<Result<DialedConnection, RegistryFailure>>;

interface DialerDeps {
  readonly checkedSocket: CheckedSocket;
  readonly secureSocket: SecureSocket;
  readonly proxies: Proxies;
}

const targetOf = ({ url, settings, name }: Endpoint, owners: Owners): SocketTarget => ({
  host: hostOf(url),
  port: portOf(url),
  allowPrivateAddress: settings.allowPrivateAddress,
  configured: settings.configured === true,
  name,
  owners,
});

/** The row of the proxy. The operator chose the proxy, so it may have an internal address. */
const proxyTarget = (url: URL, name: string, owners: Owners): SocketTarget => ({
  host: hostOf(url),
  port: portOf(url),
  allowPrivateAddress: true,
  configured: true,
  name,
  owners,
});

export const createDial = ({ checkedSocket, secureSocket, proxies }: DialerDeps): Dial => {
  /** Adds TLS where the endpoint is https. For plain HTTP it returns the socket unchanged. */
  const secured = async (
    { url, settings: { ca, client }, name }: Endpoint,
    socket: Socket,
    signal: AbortSignal,
  ): Promise<Result<DialedConnection, RegistryFailure>> => {
    if (url.protocol === 'http:') return ok({ socket });
    const secure = await secureSocket(socket, { host: hostOf(url), ca, client, name }, signal);
    return secure.ok ? ok({ socket: secure.value }) : secure;
  };

  const reachProxy = async (
    { url }: Proxy,
    { name, settings: { proxyCa } }: Endpoint,
    owners: Owners,
    signal: AbortSignal,
  ): Promise<Result<Socket, RegistryFailure>> => {
    const host = hostOf(url);
    const socket = await checkedSocket(proxyTarget(url, name, owners), signal);
    const reached =
      socket.ok && url.protocol === 'https:'
        ? await secureSocket(socket.value, { host, ca: proxyCa, name }, signal)
        : socket;
    return reached.ok ? reached : fail({ ...reached.error, why: `the proxy: ${reached.error.why}` });
  };

  const throughProxy = async (
    endpoint: Endpoint,
    proxy: Proxy,
    owners: Owners,
    signal: AbortSignal,
  ): Promise<Result<DialedConnection, RegistryFailure>> => {
    const reached = await reachProxy(proxy, endpoint, owners, signal);
    if (!reached.ok) return reached;
    if (endpoint.url.protocol === 'http:') return ok({ socket: reached.value, httpProxy: proxy });
    const tunnel = await openTunnel(reached.value, proxy, endpoint.url, signal);
    if (!tunnel.ok) {
      const { why, isDown } = tunnel.error;
      return fail(
        isDown
          ? hostOutage('connect', endpoint.name, why)
          : failure('unreachable', 'connect', endpoint.name, why),
      );
    }
    return secured(endpoint, tunnel.value, signal);
  };

  return async (endpoint, owners, signal) => {
    const host = hostOf(endpoint.url);
    const { allowPrivateAddress } = endpoint.settings;
    const refused = refusedHost(host, allowPrivateAddress);
    if (refused !== undefined) return fail(failure('refused', 'address', endpoint.name, refused));
    const proxy = proxies.proxyFor(endpoint.url);
    if (!proxy.ok) return fail(failure('refused', 'configuration', endpoint.name, proxy.error));
    if (proxy.value !== undefined) return throughProxy(endpoint, proxy.value, owners, signal);
    const socket = await checkedSocket(targetOf(endpoint, owners), signal);
    return socket.ok ? secured(endpoint, socket.value, signal) : socket;
  };
};
