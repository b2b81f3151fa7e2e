import { dnsLabel } from '../../core/text/dns-name.ts';
import { isIPv4, isIPv6 } from 'node:net';
import { fail, ok, type Result } from '../../core/result.ts';
import { quote } from '../../core/text/cut-middle.ts';

/** Where to listen. `host` carries no brackets; port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const hostName = new RegExp(`^(?=.{1,253}$)${dnsLabel}(\\.${dnsLabel})*$`, 'i');

const parsePort = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : undefined;
};

/** What is wrong with a host, as the end of a sentence; nothing when it is a name or an address. */
const faultOfHost = (host: string, bracketed: boolean): string | undefined => {
  if (bracketed) return isIPv6(host) ? undefined : `${quote(host)} in brackets is no IPv6 address`;
  if (host === '')
    return 'the host is missing; write 127.0.0.1 for this machine only, 0.0.0.0 for every address';
  if (host.includes(':')) return 'an IPv6 address stands in brackets, such as [::1]:8443';
  if (/^[\d.]+$/.test(host)) return isIPv4(host) ? undefined : `${quote(host)} is no IPv4 address`;
  return hostName.test(host) ? undefined : `${quote(host)} is no host name`;
};

/**
 * Reads `127.0.0.1:8443`, `localhost:0`, `[::1]:8443`. The host is always written: `:8443` would listen on
 * every address without saying so.
 * @example
 * parseAddress('[::1]:8443').value.port // 8443
 * parseAddress(':8443').ok // false
 */
export const parseAddress = (text: string): Result<Address, string> => {
  const refuse = (why: string): Result<never, string> => fail(`${quote(text)} is no HOST:PORT: ${why}`);
  const colon = text.lastIndexOf(':');
  const port = parsePort(text.slice(colon + 1));
  if (colon < 0) {
    return refuse(
      port === undefined
        ? 'the port is missing; write for example 127.0.0.1:8443'
        : `write 127.0.0.1:${text}`,
    );
  }
  const written = text.slice(0, colon);
  const bracketed = written.startsWith('[') && written.endsWith(']');
  const host = bracketed ? written.slice(1, -1) : written;
  const fault = faultOfHost(host, bracketed);
  if (fault !== undefined) return refuse(fault);
  if (port === undefined) return refuse('the port is a number from 0 (any free one) to 65535');
  return ok({ host, port });
};
