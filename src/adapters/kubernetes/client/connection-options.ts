import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { fail, ok, type Result } from '../../../core/result.ts';
import { type ApiProblem, localProblem, misconfigured } from './problem.ts';
import type { ApiServerConnection, Credentials } from './connection.ts';

/** The environment variables that decide where the cluster is; the caller reads them. */
export interface ClusterEnvironment {
  readonly KUBECONFIG?: string | undefined;
  readonly HOME?: string | undefined;
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

export interface ConnectionOptions {
  /** A kubeconfig file; without it KUBECONFIG, the service account of the Pod, `~/.kube/config`, in this order. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly environment: ClusterEnvironment;
  /** Where the kubelet mounts the service account; tests put another one here. */
  readonly serviceAccountDirectory?: string;
}

const mountedServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet renews the token long before it expires; client-go rereads it every minute as well. */
const maxTokenAge = 60_000;

/** Finds the cluster. @kubernetes/client-node is loaded only when a kubeconfig has to be read. */
export const connect = async (
  options: ConnectionOptions,
): Promise<Result<ApiServerConnection, ApiProblem>> => {
  const { KUBECONFIG, HOME } = options.environment;
  if (options.kubeconfig !== undefined) return fromKubeconfig([options.kubeconfig], options.context);
  if (KUBECONFIG !== undefined && KUBECONFIG !== '') {
    const files = KUBECONFIG.split(path.delimiter).filter((file) => file !== '');
    if (files.length > 0) return fromKubeconfig(files, options.context);
  }
  const directory = options.serviceAccountDirectory ?? mountedServiceAccount;
  if (options.environment.KUBERNETES_SERVICE_HOST !== undefined && (await isReadable(`${directory}/token`))) {
    return fromServiceAccount(directory, options.environment);
  }
  const standard = HOME === undefined || HOME === '' ? undefined : path.join(HOME, '.kube', 'config');
  if (standard !== undefined && (await isReadable(standard)))
    return fromKubeconfig([standard], options.context);
  return misconfigured(
    'no cluster found: give --kubeconfig FILE, set KUBECONFIG, or run inside a cluster with a service account',
  );
};

const fromKubeconfig = async (
  files: readonly string[],
  context: string | undefined,
): Promise<Result<ApiServerConnection, ApiProblem>> => {
  const { connectByKubeconfig } = await import('./kubeconfig.ts');
  return connectByKubeconfig(files, context);
};

/** The service account of our Pod: a token file, a CA file, two variables. */
const fromServiceAccount = async (
  directory: string,
  environment: ClusterEnvironment,
): Promise<Result<ApiServerConnection, ApiProblem>> => {
  const host = environment.KUBERNETES_SERVICE_HOST ?? '';
  const port = environment.KUBERNETES_SERVICE_PORT ?? '443';
  const address = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(address)) {
    return misconfigured(`KUBERNETES_SERVICE_HOST and _PORT give no address: ${address}`);
  }
  const namespace = await readFile(`${directory}/namespace`, 'utf8').catch(() => '');
  let last: { readonly at: number; readonly credentials: Credentials } | undefined;
  return ok({
    server: new URL(address),
    origin: 'the service account of this Pod',
    namespace: namespace.trim() === '' ? undefined : namespace.trim(),
    credentials: async (fresh) => {
      if (!fresh && last !== undefined && performance.now() - last.at < maxTokenAge)
        return ok(last.credentials);
      try {
        const [token, ca] = await Promise.all([
          readFile(`${directory}/token`, 'utf8'),
          readFile(`${directory}/ca.crt`),
        ]);
        const credentials = { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
        last = { at: performance.now(), credentials };
        return ok(credentials);
      } catch (error) {
        return fail(
          localProblem('Credentials', `cannot read the service account of this Pod: ${String(error)}`),
        );
      }
    },
  });
};

const isReadable = (file: string): Promise<boolean> =>
  readFile(file).then(
    () => true,
    () => false,
  );
