import { readFile } from 'node:fs/promises';
import type * as https from 'node:https';
import path from 'node:path';
// A named import in a file of its own: the bundler then leaves out most of the generated client.
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { isJsonObject } from '../../../core/text/json/json.ts';
import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import type { ApiServerConnection, Credentials, TlsMaterial } from './connection.ts';
import { type ApiProblem, localProblem, misconfigured } from './problem.ts';

/** Exec plugins, token files and certificate files are asked again at most this often. */
const maxCredentialAge = 15_000;

/** Reads kubeconfig files. Several are merged as kubectl does: the first one that names a thing wins. */
export const connectByKubeconfig = async (
  files: readonly string[],
  context: string | undefined,
): Promise<Result<ApiServerConnection, ApiProblem>> => {
  const loaded = await load(files, context);
  if (!loaded.ok) return loaded;
  let config = loaded.value;
  const address = config.getCurrentCluster()?.server ?? '';
  const namespace = config.getContextObject(config.currentContext)?.namespace;
  let last: { readonly at: number; readonly credentials: Credentials } | undefined;
  return ok({
    server: new URL(address),
    origin: `context ${JSON.stringify(config.currentContext)} of ${files.join(path.delimiter)}`,
    namespace,
    credentials: async (fresh) => {
      if (!fresh && last !== undefined && performance.now() - last.at < maxCredentialAge)
        return ok(last.credentials);
      if (fresh) {
        // Exec plugins and proxies keep credentials inside KubeConfig: only a new one forgets them.
        const again = await load(files, context);
        if (!again.ok) return again;
        config = again.value;
      }
      const credentials = await credentialsOf(config);
      if (credentials.ok) last = { at: performance.now(), credentials: credentials.value };
      return credentials;
    },
  });
};

const load = async (
  files: readonly string[],
  context: string | undefined,
): Promise<Result<KubeConfig, ApiProblem>> => {
  const merged = new KubeConfig();
  for (const file of files) {
    try {
      merge(merged, await loadFile(file));
    } catch (error) {
      return misconfigured(`cannot use the kubeconfig ${file}: ${reasonOf(error)}`);
    }
  }
  if (context !== undefined) merged.setCurrentContext(context);
  return usable(merged, files);
};

const loadFile = async (file: string): Promise<KubeConfig> => {
  const text = await readFile(file, 'utf8');
  const config = new KubeConfig();
  config.loadFromString(text);
  readTokenFiles(config, text, path.dirname(file));
  config.makePathsAbsolute(path.dirname(path.resolve(file)));
  return config;
};

/** client-node 2.0.1 looks for `token-file`; the kubeconfig field is called `tokenFile`. */
const readTokenFiles = (config: KubeConfig, text: string, directory: string): void => {
  const document: unknown = parse(text);
  const users = isJsonObject(document) && Array.isArray(document['users']) ? document['users'] : [];
  for (const entry of users as readonly unknown[]) {
    if (!isJsonObject(entry) || !isJsonObject(entry['user'])) continue;
    const tokenFile = entry['user']['tokenFile'];
    if (typeof tokenFile !== 'string') continue;
    const authProvider = { name: 'tokenFile', config: { tokenFile: path.resolve(directory, tokenFile) } };
    config.users = config.users.map((user) =>
      user.name === entry['name'] ? { ...user, authProvider } : user,
    );
  }
};

const merge = (into: KubeConfig, from: KubeConfig): void => {
  into.loadFromOptions({
    clusters: firstOfName([...into.clusters, ...from.clusters]),
    users: firstOfName([...into.users, ...from.users]),
    contexts: firstOfName([...into.contexts, ...from.contexts]),
    currentContext: into.currentContext || from.currentContext,
  });
};

const firstOfName = <T extends { readonly name: string }>(all: readonly T[]): T[] => [
  ...new Map([...all].reverse().map((one) => [one.name, one])).values(),
];

const usable = (config: KubeConfig, files: readonly string[]): Result<KubeConfig, ApiProblem> => {
  const where = files.join(path.delimiter);
  const known = config.contexts.map((one) => one.name).join(', ') || 'none';
  if (!config.currentContext || config.getContextObject(config.currentContext) === null) {
    const wanted = JSON.stringify(config.currentContext ?? '');
    return misconfigured(`no context ${wanted} in ${where}; contexts there: ${known}`);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || !/^https?:/.test(cluster.server) || !URL.canParse(cluster.server)) {
    const context = JSON.stringify(config.currentContext);
    return misconfigured(`context ${context} in ${where} names no cluster with a server URL`);
  }
  const server = new URL(cluster.server);
  if (server.protocol === 'http:' && !cluster.skipTLSVerify) {
    // `kubectl proxy` is used this way; anywhere else credentials would travel in clear text.
    if (!isLoopback(server.hostname)) {
      return misconfigured(`${server.origin} in ${where} is not HTTPS: refused`);
    }
    config.clusters = config.clusters.map((one) => (one === cluster ? { ...one, skipTLSVerify: true } : one));
  }
  announceToPlugin(config);
  return ok(config);
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);

/** Plugins of client.authentication.k8s.io expect this variable; client-node does not set it. */
const announceToPlugin = (config: KubeConfig): void => {
  const exec: unknown = config.getCurrentUser()?.exec;
  if (!isJsonObject(exec)) return;
  const info = { apiVersion: exec['apiVersion'], kind: 'ExecCredential', spec: { interactive: false } };
  const env = Array.isArray(exec['env']) ? (exec['env'] as unknown[]) : [];
  Object.assign(exec, { env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }] });
};

const credentialsOf = async (config: KubeConfig): Promise<Result<Credentials, ApiProblem>> => {
  const options: https.RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    return fail(
      localProblem(
        'Credentials',
        `cannot get credentials for context ${JSON.stringify(config.currentContext)}: ${reasonOf(error)}; ` +
          'does the login command of this kubeconfig work in a shell?',
      ),
    );
  }
  const { agent } = options;
  const throughProxy = config.getCurrentCluster()?.proxyUrl !== undefined && typeof agent === 'object';
  return ok({
    headers: headersOf(options),
    tls: tlsOf(options),
    ...(throughProxy ? { agent } : {}),
  });
};

const headersOf = (options: https.RequestOptions): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // Token files end with a newline, which no header may contain.
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim();
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
};

const tlsOf = (options: https.RequestOptions): TlsMaterial =>
  Object.fromEntries(
    Object.entries({
      ca: options.ca,
      cert: options.cert,
      key: options.key,
      servername: options.servername,
      rejectUnauthorized: options.rejectUnauthorized,
    }).filter(([, value]) => value !== undefined && value !== null),
  );

const reasonOf = (error: unknown): string => messageOf(error).split('\n').slice(0, 3).join(' ');
