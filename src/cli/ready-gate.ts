import { connect, createClient } from '../adapters/kubernetes/client/client.ts';
import type { ApiClient } from '../adapters/kubernetes/client/client.ts';
import { secretsResource } from '../adapters/kubernetes/client/resource.ts';
import { objectNames } from '../install/manifest.ts';
import { readEnvironment } from '../config/sources/load.ts';
import { version } from '../config/version.ts';
import { isJsonObject } from '../core/text/json/json.ts';
import type { JsonObject } from '../core/text/json/json.ts';
import { UnreachableError, UsageError } from './terminal/terminal.ts';

const deployments = { group: 'apps', version: 'v1', resource: 'deployments' } as const;
const deadline = 15_000;

const read = async (client: ApiClient, call: Parameters<ApiClient['request']>[0]): Promise<JsonObject> => {
  const answer = await client.request(call, AbortSignal.timeout(deadline));
  if (answer.ok) return answer.value;
  const { status, message } = answer.error;
  if (status === 404)
    throw new UsageError([`${message}; apply the output of imagegate manifests --image first`]);
  throw status === 0 || status === undefined ? new UnreachableError(message) : new UsageError([message]);
};

const field = (object: JsonObject, name: string): unknown => {
  const status = object['status'];
  return isJsonObject(status) ? status[name] : undefined;
};

/** Every CA in use: during a rotation the next and the previous one as well. Keys are not read. */
const bundleOf = ({ data }: JsonObject): string => {
  if (!isJsonObject(data)) return '';
  const certificates = ['ca.crt', 'next.crt', 'previous.crt'].map((name) => data[name]);
  return certificates
    .map((one) => (typeof one === 'string' ? Buffer.from(one, 'base64').toString('utf8') : ''))
    .join('');
};

/**
 * The CA of a gate inside of the cluster, once one of its replicas is ready. Refused before that: webhook
 * configurations with failurePolicy Fail and no ready replica would stop every new Pod, those of the gate included
 * (R16).
 */
export const readyGateCa = async (
  namespace: string,
  kubeconfig: string | undefined,
  context: string | undefined,
): Promise<string> => {
  const connection = await connect({ kubeconfig, context, environment: readEnvironment() });
  if (!connection.ok) throw new UsageError([connection.error.message]);
  const client = createClient(connection.value, { version });
  try {
    const gate = await read(client, {
      verb: 'get',
      resource: deployments,
      namespace,
      name: objectNames.gate,
    });
    const ready = field(gate, 'readyReplicas');
    if (typeof ready !== 'number' || ready < 1) {
      throw new UsageError([
        `no replica of the gate is ready in ${namespace}: kubectl -n ${namespace} rollout status deployment/${objectNames.gate}`,
      ]);
    }
    const secret = await read(client, {
      verb: 'get',
      resource: secretsResource,
      namespace,
      name: objectNames.caSecret,
    });
    const bundle = bundleOf(secret);
    if (bundle === '')
      throw new UsageError([`the Secret ${objectNames.caSecret} in ${namespace} holds no ca.crt`]);
    return bundle;
  } finally {
    client.close();
  }
};
