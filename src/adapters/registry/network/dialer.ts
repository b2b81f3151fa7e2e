import type { Socket } from 'node:net';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { Owners } from '../../../concurrency/shares.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { type Hop, hostOf, portOf } from './endpoint.ts';
import { failure, outage } from './failure.ts';
import { type GuardedSocket, refusedHost, type SocketTarget } from './checked-socket.ts';
import { openTunnel, type Proxies, type Proxy } from './proxy.ts';
import type { SecureSocket } from './secure-socket.ts';

/** A connection on which HTTP can be spoken. */
export interface Dialled {
  readonly socket: Socket;
  /** The proxy that reads our requests: plain HTTP goes there with the whole URL in it. */
  readonly forwarder?: Proxy;
}

/** Every failure before HTTP: configuration, address, connection, TLS, proxy. On abort the socket is destroyed. */
export type Dial = (
  hop: Hop,
  owners: Owners,
  signal: AbortSignal,
) => Promise<Result<Dialled, RegistryFailure>>;

export interface DialParts {
  readonly guarded: GuardedSocket;
  readonly secure: SecureSocket;
  readonly proxies: Proxies;
}

const targetOf = ({ url, settings, name }: Hop, owners: Owners): SocketTarget => ({
  host: hostOf(url),
  port: portOf(url),
  allowPrivateAddress: settings.allowPrivateAddress,
  configured: settings.configured === true,
  name,
  owners,
});

/** The operator chose the proxy, so that it may lie inside. */
const proxyTarget = (url: URL, name: string, owners: Owners): SocketTarget => ({
  host: hostOf(url),
  port: portOf(url),
  allowPrivateAddress: true,
  configured: true,
  name,
  owners,
});

export const createDial = ({ guarded, secure, proxies }: DialParts): Dial => {
  const overTls = async (
    { url, settings, name }: Hop,
    socket: Socket,
    signal: AbortSignal,
  ): Promise<Result<Dialled, RegistryFailure>> => {
    const spoken = await secure(
      socket,
      { host: hostOf(url), ca: settings.ca, client: settings.client, name },
      signal,
    );
    return spoken.ok ? ok({ socket: spoken.value }) : spoken;
  };

  const reachProxy = async (
    { url }: Proxy,
    { name, settings: { proxyCa } }: Hop,
    owners: Owners,
    signal: AbortSignal,
  ): Promise<Result<Socket, RegistryFailure>> => {
    const host = hostOf(url);
    const socket = await guarded(proxyTarget(url, name, owners), signal);
    const spoken =
      socket.ok && url.protocol === 'https:'
        ? await secure(socket.value, { host, ca: proxyCa, name }, signal)
        : socket;
    return spoken.ok ? spoken : fail({ ...spoken.error, why: `the proxy: ${spoken.error.why}` });
  };

  const throughProxy = async (
    hop: Hop,
    proxy: Proxy,
    owners: Owners,
    signal: AbortSignal,
  ): Promise<Result<Dialled, RegistryFailure>> => {
    const reached = await reachProxy(proxy, hop, owners, signal);
    if (!reached.ok) return reached;
    if (hop.url.protocol === 'http:') return ok({ socket: reached.value, forwarder: proxy });
    const tunnel = await openTunnel(reached.value, proxy, hop.url, signal);
    if (!tunnel.ok) {
      const { why, isDown } = tunnel.error;
      return fail(
        isDown ? outage('connect', hop.name, why) : failure('unreachable', 'connect', hop.name, why),
      );
    }
    return overTls(hop, tunnel.value, signal);
  };

  return async (hop, owners, signal) => {
    const host = hostOf(hop.url);
    const { allowPrivateAddress } = hop.settings;
    const refused = refusedHost(host, allowPrivateAddress);
    if (refused !== undefined) return fail(failure('refused', 'address', hop.name, refused));
    const proxy = proxies.proxyFor(hop.url);
    if (!proxy.ok) return fail(failure('refused', 'configuration', hop.name, proxy.error));
    if (proxy.value !== undefined) return throughProxy(hop, proxy.value, owners, signal);
    const socket = await guarded(targetOf(hop, owners), signal);
    if (!socket.ok) return socket;
    return hop.url.protocol === 'https:' ? overTls(hop, socket.value, signal) : ok({ socket: socket.value });
  };
};
