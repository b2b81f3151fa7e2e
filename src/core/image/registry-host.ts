import { isHostName, isPort } from './grammar.ts';

/** Where a registry answers, in lower case. `host` is hostname and port as one text. */
export interface RegistryHost {
  readonly host: string;
  readonly hostname: string;
  readonly port?: string;
}

export const dockerHub: RegistryHost = { host: 'docker.io', hostname: 'docker.io' };

/**
 * Host names of Docker Hub outside the zone docker.io, whose every name belongs to Docker, Inc. (docker.io,
 * index.docker.io, registry-1.docker.io which serves the pulls, registry.docker.io which redirects to it).
 * Pull-through mirrors of other companies (mirror.gcr.io) are registries of their own.
 *
 * - registry.hub.docker.com: serves the registry API; in Jib's alias group beside index.docker.io
 *   (GoogleContainerTools/jib, RegistryAliasGroup) and after moby/moby pull request 28100
 * - registry.ipv6.docker.com: the IPv6 endpoint of 2021 (docker.com blog, "Beta IPv6 Support on Docker Hub
 *   Registry"); no longer needed, still found in manifests
 * - hub.docker.com: the web site; listed because people copy it from their browser
 */
const dockerHubOutsideItsZone: ReadonlySet<string> = new Set([
  'registry.hub.docker.com',
  'registry.ipv6.docker.com',
  'hub.docker.com',
]);

/** True for every host name that leads to Docker Hub. For deny lists only: parsing keeps them apart. */
export const isDockerHubName = (hostname: string): boolean =>
  hostname === 'docker.io' || hostname.endsWith('.docker.io') || dockerHubOutsideItsZone.has(hostname);

const hostMark = /[.:A-Z[]/;

/**
 * R6b: is the component before the first slash a host? Yes with `.`, `:`, upper case, a bracket, or as
 *  `localhost`, even where the grammar could read it as path (`a_b.com/x`). Docker Hub namespaces have none.
 * @example
 * namesHost('registry.example.com') // true
 * namesHost('library') // false
 */
export const namesHost = (component: string): boolean =>
  component === 'localhost' || hostMark.test(component);

/** Splits `example.com:5000` or `[::1]:5000`; undefined unless both halves follow the grammar.
 *  `index.docker.io` becomes `docker.io`, compared in lower case: it is the same registry. */
export const parseHost = (text: string): RegistryHost | undefined => {
  const colon = text.lastIndexOf(':');
  const hasPort = colon > text.lastIndexOf(']');
  const hostname = hasPort ? text.slice(0, colon) : text;
  if (!isHostName(hostname)) return undefined;
  const lower = hostname.toLowerCase();
  if (!hasPort) return lower === 'index.docker.io' ? dockerHub : { host: lower, hostname: lower };
  const port = text.slice(colon + 1);
  return isPort(port) ? { host: `${lower}:${port}`, hostname: lower, port } : undefined;
};

/**
 * Whether `library/` is added behind it and is meant where it is missing. The grammar compares letter by letter
 * (distribution/reference normalize.go, `splitDockerDomain`): `DOCKER.IO/nginx` is the repository `nginx`, which is not
 * `library/nginx`, and a rule about that one says nothing of it.
 */
export const hasHubDefaults = (host: string): boolean => host === 'docker.io' || host === 'index.docker.io';

/** A host that reads as one only in upper case (`FOO/bar`): in lower case it would be a Docker Hub namespace. */
export const isBareHost = (host: string): boolean =>
  host !== 'localhost' && !host.includes('.') && !host.includes(':');

/** The host as text that parses back to itself. A bare host is written in upper case: in lower case
 *  `foo/bar` would name another image, docker.io/foo/bar. */
export const formatHost = (host: string): string => (isBareHost(host) ? host.toUpperCase() : host);

/** The name of a repository as text that parses back to itself: in lower case `DOCKER.IO/x` would get `library/`. */
export const formatRepository = (host: string, repository: string): string => {
  const named = formatHost(host);
  const asWritten = hasHubDefaults(host) && !repository.includes('/') ? named.toUpperCase() : named;
  return `${asWritten}/${repository}`;
};
