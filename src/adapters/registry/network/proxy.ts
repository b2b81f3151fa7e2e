import * as http from 'node:http';
import type { Socket } from 'node:net';
import { onAbort } from '../../../concurrency/abort.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { addressBytes, type AddressBytes, liesIn, type Network, network } from './address-bytes.ts';
import { hostOf, portOf } from './endpoint.ts';

/** The settings in the environment of curl and Go programs, as `src/config` reads them. */
export interface ProxySettings {
  readonly httpsProxy?: string;
  readonly httpProxy?: string;
  readonly noProxy?: string;
}

export interface Proxy {
  /** Without credentials; `http:` or `https:`. */
  readonly url: URL;
  /** Sent only to the proxy (`Proxy-Authorization`). */
  readonly authorization?: string;
}

export interface Proxies {
  /** @returns undefined when the host is reached directly; the error says what is wrong with the setting */
  proxyFor(url: URL): Result<Proxy | undefined, string>;
}

type Exception = (host: string, address: AddressBytes | undefined, port: number) => boolean;

const sameAddress = (first: AddressBytes, second: AddressBytes): boolean =>
  first.length === second.length && first.every((byte, index) => byte === second[index]);

const never: Exception = () => false;

const inNetwork =
  (range: Network): Exception =>
  (_host, address) =>
    address !== undefined && liesIn(address, range);

/** One entry of `NO_PROXY`, read as Go's httpproxy does, which containerd and the kubelet use. */
const exceptionOf = (entry: string): Exception => {
  if (entry === '*') return () => true;
  const range = network(entry);
  if (range !== undefined) return inNetwork(range);
  const portText = addressBytes(entry) === undefined ? /:(\d+)$/.exec(entry)?.[1] : undefined;
  const name = portText === undefined ? entry : entry.slice(0, -portText.length - 1);
  const rightPort = (port: number): boolean => portText === undefined || Number(portText) === port;
  const address = addressBytes(name);
  if (address !== undefined)
    return (_host, given, port) => given !== undefined && sameAddress(given, address) && rightPort(port);
  const bare = name.replace(/^\*(?=\.)/, '').replace(/\.$/, '');
  if (bare === '' || bare === '.') return never;
  return bare.startsWith('.')
    ? (host, _address, port) => host.endsWith(bare) && rightPort(port)
    : (host, _address, port) => (host === bare || host.endsWith(`.${bare}`)) && rightPort(port);
};

const readProxy = (text: string, name: string): Result<Proxy, string> => {
  // As in curl, a proxy without a scheme is reached over plain HTTP.
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) return fail(`${name} is not a URL`);
  const given = new URL(full);
  if (given.protocol !== 'http:' && given.protocol !== 'https:')
    return fail(`${name} names a ${given.protocol.slice(0, -1)} proxy; http and https are supported`);
  const url = new URL(given.origin);
  if (given.username === '' && given.password === '') return ok({ url });
  try {
    const user = `${decodeURIComponent(given.username)}:${decodeURIComponent(given.password)}`;
    return ok({ url, authorization: `Basic ${Buffer.from(user).toString('base64')}` });
  } catch {
    return fail(`the credentials in ${name} are not percent-encoded as a URL needs it`);
  }
};

const isOwnMachine = (host: string, address: AddressBytes | undefined): boolean =>
  host === 'localhost' || (address?.length === 4 ? address[0] === 127 : host === '::1');

/** Chooses the proxy of a request. As in Go, the machine itself is never reached through a proxy. */
export const createProxies = (settings: ProxySettings = {}): Proxies => {
  const exceptions = (settings.noProxy ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exceptionOf);
  const read = (text: string | undefined, name: string): Result<Proxy | undefined, string> =>
    text === undefined || text.trim() === '' ? ok(undefined) : readProxy(text.trim(), name);
  const forHttps = read(settings.httpsProxy, 'HTTPS_PROXY');
  const forHttp = read(settings.httpProxy, 'HTTP_PROXY');
  return {
    proxyFor: (url) => {
      const host = hostOf(url);
      const address = addressBytes(host);
      const direct =
        isOwnMachine(host, address) || exceptions.some((exception) => exception(host, address, portOf(url)));
      if (direct) return ok(undefined);
      return url.protocol === 'https:' ? forHttps : forHttp;
    },
  };
};

/** Why there is no tunnel. `isDown`: the proxy answers 5xx, as it does when the host does not connect. */
interface NoTunnel {
  readonly why: string;
  readonly isDown: boolean;
}

const refusalOf = (status: number | undefined): NoTunnel => ({
  why:
    status === 407
      ? 'the proxy wants other credentials (407); they stand in the URL of the proxy setting'
      : `the proxy refuses a tunnel to this host (${status ?? 'no status'})`,
  isDown: status !== undefined && status >= 500,
});

/**
 * Asks a proxy for a tunnel (RFC 9110, 9.3.6) on a connection to it. On failure the socket is destroyed.
 * @returns why there is none
 */
export const openTunnel = (
  socket: Socket,
  proxy: Proxy,
  target: URL,
  signal: AbortSignal,
): Promise<Result<Socket, NoTunnel>> =>
  new Promise((resolve) => {
    const authority = `${target.hostname}:${portOf(target)}`;
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      createConnection: () => socket,
      headers: {
        host: authority,
        ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
      },
    });
    // The signal option of http.request would end the tunnel together with the request that opened it.
    const stopListening = onAbort(signal, () => socket.destroy());
    const settle = (result: Result<Socket, NoTunnel>): void => {
      stopListening();
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    request.once('connect', (answer, tunnel, head) => {
      if (answer.statusCode !== 200) settle(fail(refusalOf(answer.statusCode)));
      // A TLS server sends nothing before the client does, so earlier bytes do not come from the registry.
      else if (head.length > 0)
        settle(fail({ why: 'the proxy sent bytes of its own into the tunnel', isDown: false }));
      else settle(ok(tunnel));
    });
    request.once('error', () => settle(fail({ why: 'the proxy closed the connection', isDown: true })));
    request.end();
  });
