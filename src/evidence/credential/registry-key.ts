import { isHostName, isPath, isPort } from '../../core/image/grammar.ts';
import { matchesGlob } from '../../core/policy/match/glob.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Repository } from '../ports.ts';

/** The parsed key of an entry of a docker config: the repositories for which the entry is meant. */
export interface RegistryKey {
  /** `registry.example.com:5000/team`, for people. */
  readonly shown: string;
  /** Lower case; `*` stands for any run of characters inside one label. */
  readonly hostname: string;
  readonly port: string | undefined;
  /** The first components of the repository path. Empty: the whole registry. */
  readonly path: readonly string[];
}

interface Host {
  readonly hostname: string;
  readonly port: string | undefined;
}

/** The longest host name, port and repository path together, plus a scheme. */
const longest = 600;

/** `docker login` writes `https://index.docker.io/v1/`; pulls go to registry-1.docker.io; references say docker.io. */
const dockerHub: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

const splitHost = (text: string): Host => {
  const lower = text.toLowerCase();
  const colon = lower.lastIndexOf(':');
  if (colon > lower.lastIndexOf(']')) {
    return { hostname: lower.slice(0, colon), port: lower.slice(colon + 1) };
  }
  return { hostname: dockerHub.has(lower) ? 'docker.io' : lower, port: undefined };
};

const formatHost = ({ hostname, port }: Host): string =>
  port === undefined ? hostname : `${hostname}:${port}`;

/** A star is allowed where a letter is. */
const isHost = ({ hostname, port }: Host): boolean =>
  isHostName(hostname.replaceAll('*', 'x')) && (port === undefined || isPort(port));

/** The part after the host: `/v1/` and `/v2/` in front are the version of the API and no part of a repository. */
const pathOf = (text: string, hasScheme: boolean): string => {
  const version = hasScheme ? /^\/v[12](?:\/|$)/ : /^\/v[12]\//;
  return text.replace(version, '/').replace(/^\//, '').replace(/\/$/, '');
};

/**
 * Reads a key of `auths`: `host`, `host:port`, `host/path`, `https://host/v1/`, a `*` inside labels of the host.
 * The refusal never quotes the key: a password written as `https://user:password@host` must not be shown (B28, B37).
 *
 * @see https://kubernetes.io/docs/concepts/containers/images/, "Interpretation of config.json"
 */
export const parseRegistryKey = (text: string): Result<RegistryKey, string> => {
  if (text.length > longest) return fail(`is longer than ${longest} characters`);
  const scheme = /^https?:\/\//i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  const slash = rest.indexOf('/');
  const written = slash < 0 ? rest : rest.slice(0, slash);
  const following = slash < 0 ? '' : rest.slice(slash);
  const host = splitHost(written);
  if (!isHost(host)) return fail('names no registry; a key is HOST, HOST:PORT or HOST/PATH');
  const path = pathOf(following, scheme !== '');
  if (path !== '' && !isPath(path)) return fail('has a path that no repository can have');
  const components = path === '' ? [] : path.split('/');
  return ok({ ...host, shown: [formatHost(host), ...components].join('/'), path: components });
};

/** As many labels on both sides: `*.example.com` matches neither `example.com` nor `a.b.example.com`. */
const matchesHostname = (pattern: string, hostname: string): boolean => {
  if (!pattern.includes('*')) return pattern === hostname;
  const globs = pattern.split('.');
  const labels = hostname.split('.');
  return globs.length === labels.length && globs.every((glob, at) => matchesGlob(glob, labels[at] ?? ''));
};

/**
 * Whether an entry is meant for a repository: same port, same number of host labels, and a path that ends where a
 * component ends. The kubelet compares the path by characters. Then the credential for `host/team` would also be
 * shown for `host/teamevil`, which may belong to somebody else (B20, B28).
 */
export const matchesRepository = (key: RegistryKey, repository: Repository): boolean => {
  const host = splitHost(repository.host);
  if (key.port !== host.port || !matchesHostname(key.hostname, host.hostname)) return false;
  const components = repository.repository.split('/');
  return key.path.every((component, at) => component === components[at]);
};

const stars = (key: RegistryKey): number => key.hostname.split('*').length - 1;
const literals = (key: RegistryKey): number => key.hostname.length - stars(key);

/** Most specific first: exact hosts before globs, more of the host spelt out, longer paths. */
export const bySpecificity = (a: RegistryKey, b: RegistryKey): number =>
  Math.min(stars(a), 1) - Math.min(stars(b), 1) || literals(b) - literals(a) || b.path.length - a.path.length;
