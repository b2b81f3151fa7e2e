import { dockerHub, parseHost } from '../../../core/image/registry-host.ts';
import type { RegistrySettings } from '../settings.ts';

/** Docker Hub is named `docker.io` and answers at another host. Only this file knows that. */
const hub = dockerHub.host;
const hubEndpoint = 'registry-1.docker.io';

/** The canonical name of a host in references and rows: lower case, and one name for Docker Hub. */
export const registryName = (host: string): string => parseHost(host)?.host ?? host;

/** The host, with its port if any, that answers for a registry. */
export const endpointHost = (host: string): string => {
  const name = registryName(host);
  return name === hub ? hubEndpoint : name;
};

/** The name in the configuration for the host of a URL: the inverse of {@link endpointHost}. */
const rowNameOf = (url: URL): string => (url.host === hubEndpoint ? hub : url.host);

/** One step of a request: its URL, and the row by which it is reached. */
export interface Endpoint {
  readonly url: URL;
  readonly settings: RegistrySettings;
  /** For people: the registry as references and configuration name it. */
  readonly name: string;
}

/** A URL without the parts that must not be shown: credentials, query (signed URLs), fragment. */
export const shownUrl = (url: URL): string => {
  const path = url.pathname.length > 200 ? `${url.pathname.slice(0, 199)}…` : url.pathname;
  return `${url.origin}${path}`;
};

/** The URL that is sent. Credentials and fragment never are. */
export const bareUrl = (url: URL): URL => {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare;
};

/** The host of a URL for sockets and certificates: without brackets and without the final dot. */
export const hostOf = (url: URL): string =>
  url.hostname.replace(/^\[/, '').replace(/\]$/, '').replace(/\.$/, '');

export const portOf = (url: URL): number =>
  url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);

/** @returns undefined when host or path cannot be part of a URL */
export const endpointFor = (host: string, path: string, settings: RegistrySettings): Endpoint | undefined => {
  if (host === '' || /[^\w.:[\]-]/.test(host) || !path.startsWith('/')) return undefined;
  const text = `${settings.plainHttp ? 'http' : 'https'}://${endpointHost(host)}${path}`;
  if (!URL.canParse(text)) return undefined;
  return { url: bareUrl(new URL(text)), settings, name: registryName(host) };
};

/** A step to a URL from a registry. It is reached by the row of its own host, never by that of another. */
export const endpointForUrl = (url: URL, settingsOf: (host: string) => RegistrySettings): Endpoint => {
  const name = rowNameOf(url);
  return { url: bareUrl(url), settings: settingsOf(name), name };
};
