import { textOf, objectOf, type JsonObject } from '../core/text/json/json.ts';
import type { ApiClient } from '../adapters/kubernetes/client/client.ts';
import { secretsResource, type ApiTarget } from '../adapters/kubernetes/client/resource.ts';
import { objectNames } from '../install/manifest.ts';
import { readEnvironment } from '../config/sources/load.ts';
import { clientOrUsage } from './cluster-client.ts';
import { UnreachableError, UsageError } from './terminal/terminal.ts';

const deployments = { group: 'apps', version: 'v1', resource: 'deployments' } as const;
const deadline = 15_000;

const read = async (client: ApiClient, target: ApiTarget): Promise<JsonObject> => {
  const answer = await client.request({ ...target, verb: 'get' }, AbortSignal.timeout(deadline));
  if (answer.ok) return answer.value;
  const { status, message } = answer.error;
  if (status === 404)
    throw new UsageError([`${message}; apply the output of imagegate manifests --image first`]);
  throw status === 0 || status === undefined ? new UnreachableError(message) : new UsageError([message]);
};

/** Every CA in use: during a rotation the next and the previous one as well. Keys are not read. */
const bundleOf = ({ data }: JsonObject): string =>
  ['ca.crt', 'next.crt', 'previous.crt']
    .map((name) => Buffer.from(textOf(objectOf(data)[name]), 'base64').toString('utf8'))
    .join('');

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
  const client = await clientOrUsage({ kubeconfig, context, environment: readEnvironment() });
  try {
    const gate = await read(client, { resource: deployments, namespace, name: objectNames.gate });
    const ready = objectOf(gate['status'])['readyReplicas'];
    if (typeof ready !== 'number' || ready < 1) {
      throw new UsageError([
        `no replica of the gate is ready in ${namespace}: kubectl -n ${namespace} rollout status deployment/${objectNames.gate}`,
      ]);
    }
    const secret = await read(client, { resource: secretsResource, namespace, name: objectNames.caSecret });
    const bundle = bundleOf(secret);
    if (bundle === '')
      throw new UsageError([`the Secret ${objectNames.caSecret} in ${namespace} holds no ca.crt`]);
    return bundle;
  } finally {
    client.close();
  }
};
