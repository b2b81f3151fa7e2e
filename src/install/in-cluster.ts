import type { V1Namespace, V1ResourceQuota } from '@kubernetes/client-node';
import { imagePolicyCrd } from '../core/policy/schema/crd.ts';
import { configMap } from './config-map.ts';
import { deployment, type DeploymentOptions } from './deployment.ts';
import { fence } from './fence.ts';
import { gateLabels, objectNames, type KubernetesObject, type Manifest } from './manifest.ts';
import { inClusterAccess } from './rbac.ts';
import { frontManifests, servicePort } from './service.ts';
import { mutatingManifest } from './mutating-configuration.ts';
import { webhookManifest } from './webhook-configuration.ts';
import type { WebhookOptions } from './webhook-target.ts';

const podSecurity = 'pod-security.kubernetes.io';

const namespaceObject = (name: string): V1Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      ...gateLabels,
      [`${podSecurity}/enforce`]: 'restricted',
      [`${podSecurity}/audit`]: 'restricted',
      [`${podSecurity}/warn`]: 'restricted',
    },
  },
});

const priorityQuota = (namespace: string): V1ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'imagegate-critical-pods', namespace, labels: { ...gateLabels } },
  spec: {
    hard: { pods: '20' },
    scopeSelector: {
      matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-cluster-critical'] }],
    },
  },
});

/** The custom resource definition of ImagePolicy. */
export const policyDefinition = (): Manifest => ({
  comment:
    'Policies as objects of the cluster: kubectl explain imagepolicy.spec --api-version=imagegate.dev/v1alpha1',
  object: imagePolicyCrd() as unknown as KubernetesObject,
});

/**
 * R16: everything for a gate inside of the cluster, but for the webhook configurations: they are applied last,
 * when a replica is ready (`manifests --webhooks`). The fence comes before the Pods that it admits.
 */
export const inClusterManifests = (options: DeploymentOptions): readonly Manifest[] => {
  const { image, namespace, configuration = { settings: {} } } = options;
  return [
    {
      comment: `ImageGate inside of the cluster: kubectl apply -f -, wait for it (kubectl -n ${namespace} rollout status deployment/${objectNames.gate}), then apply what \`imagegate manifests --webhooks\` prints.`,
      object: namespaceObject(namespace) as KubernetesObject,
    },
    policyDefinition(),
    ...inClusterAccess(namespace, options.pullSecrets),
    {
      comment:
        'Some clusters (GKE) admit critical Pods outside of kube-system only where a quota speaks of them.',
      object: priorityQuota(namespace) as KubernetesObject,
    },
    ...fence(image, namespace),
    ...frontManifests(namespace),
    ...configMap(configuration, namespace),
    deployment(options),
  ];
};

/**
 * `manifests --webhooks`: the API server finds the gate by the Service of `inClusterManifests`. What pins comes before
 * what refuses unpinned Pods.
 */
export const inClusterWebhooks = (
  options: Omit<WebhookOptions, 'target' | 'ownNamespace'> & { readonly namespace: string },
): readonly Manifest[] => {
  const { namespace, ...others } = options;
  const service = { name: objectNames.gate, namespace, port: servicePort };
  const all = { ...others, target: { service }, ownNamespace: namespace };
  return [mutatingManifest(all), webhookManifest(all)];
};
