import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import type { KubeObject } from './api.ts';

export const goodImage = 'registry.example.com/team/app:1.0';
export const badImage = 'untrusted-registry/nginx';

export const policies = '/apis/imagegate.dev/v1alpha1/imagepolicies';

/** Only images of registry.example.com, in the namespaces that `match` names. */
export const trustedRegistry = (name: string, match: unknown, spec: object = {}): KubeObject => {
  return {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name },
    spec: { mode: 'Deny', match, checks: [{ registries: { allow: ['registry.example.com/**'] } }], ...spec },
  };
};

export const pod = (name: string, image: string, spec: object = {}): KubeObject => {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'app', image }], ...spec },
  };
};

export const putPolicy = async (cluster: Cluster, policy: KubeObject): Promise<void> => {
  const path = `${policies}/${policy.metadata?.name}?fieldManager=e2e&force=true`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const { status, message } = await cluster.api('PATCH', path, policy, { headers });
  if (status !== 200 && status !== 201)
    throw new Error(`policy ${policy.metadata?.name}: ${status} ${message}`);
};

export const deletePolicy = async (cluster: Cluster, name: string): Promise<void> => {
  const { status, message } = await cluster.api('DELETE', `${policies}/${name}`);
  if (status !== 200) throw new Error(`policy ${name}: ${status} ${message}`);
};

/** Fences one namespace and waits until the fence stands, asked by a Pod that is not kept. */
export const fence = async (cluster: Cluster, namespace: string, spec: object = {}): Promise<string> => {
  const name = `only-trusted-${namespace}`;
  await putPolicy(cluster, trustedRegistry(name, { namespaces: { include: [namespace] } }, spec));
  await untilJudged(cluster, namespace, false);
  return name;
};

export const untilJudged = async (cluster: Cluster, namespace: string, allowed: boolean): Promise<void> => {
  await eventually(
    `a bad image in ${namespace} to be ${allowed ? 'allowed' : 'refused'}`,
    async () => (await dryRun(cluster, namespace, badImage)) === allowed,
    { within: 10_000, every: 50 },
  );
};

/** Whether the API server would let a Pod of this image in; any answer but yes and no is an error. */
export const dryRun = async (cluster: Cluster, namespace: string, image: string): Promise<boolean> => {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const { status, message } = await cluster.api('POST', path, pod('probe', image));
  // A gate that knows no policies yet refuses everything: that is no verdict on the image.
  const judged = status === 201 || (status === 403 && !message.includes('policies-unavailable'));
  if (!judged) throw new Error(`dry run in ${namespace}: ${status} ${message}`);
  return status === 201;
};
